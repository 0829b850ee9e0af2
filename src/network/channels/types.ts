import type { Socket } from 'node:net';
import type { TorError } from '../../base/errors/index.ts';
import type { IpBytes } from '../../base/ip/index.ts';
import type { LinkChannel } from '../../protocol/channel/index.ts';
import type { RelayIdentity } from '../../wire/linkspec/index.ts';

export interface OrEndpoint {
  /** 4 or 16 bytes. */
  readonly address: IpBytes;
  readonly port: number;
}

/** A relay or bridge to reach. */
export interface ChannelTarget {
  /** Keys that must be proven; none for a bridge without a fingerprint. */
  readonly identity: RelayIdentity;
  /** Tried in this order. May be empty behind a `dial` that needs none. */
  readonly addresses: readonly OrEndpoint[];
  /** Brings the TCP connection, for bridges behind a pluggable transport; the manager's own `dial` when absent. */
  readonly dial?: Dial;
}

export interface ChannelRequest {
  /**
   * `origin`: for a circuit of our own. `extend`: a client of ours as a relay asked; failures are remembered for a minute
   * and only canonical channels or the very address asked for are reused.
   */
  readonly purpose?: 'origin' | 'extend';
  /** Stops waiting; an attempt that others share goes on. */
  readonly signal?: AbortSignal;
}

/** Where our side of a connection is bound, by the other side's family; undefined leaves it to the system. */
export interface OutboundAddresses {
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
}

/** Opens a TCP connection: directly, through a proxy, or through a pluggable transport. Rejects with a TorError. */
export interface Dial {
  (endpoint: OrEndpoint | undefined, signal: AbortSignal): Promise<Socket>;
  /** It is plain TCP from these addresses: TCP and TLS may be opened in one step instead. */
  readonly outbound?: OutboundAddresses;
}

export interface ChannelLaunched {
  /** The id the channel will have. */
  readonly id: number;
  readonly target: ChannelTarget;
  readonly endpoint: OrEndpoint | undefined;
}

export interface ChannelFailed extends ChannelLaunched {
  readonly error: TorError;
  /** Whether TCP was connected when it failed, and whether TLS was done: for bootstrap phases and ORCONN reasons. */
  readonly stage: 'connecting' | 'tls' | 'handshake';
}

export interface ChannelClosed {
  readonly channel: LinkChannel;
  readonly error: TorError | undefined;
}

/** Steps of channels, for bootstrap progress and the control port's ORCONN. */
export interface ChannelManagerEvents {
  launched: ChannelLaunched;
  /** TCP is connected; TLS begins. */
  tcp: ChannelLaunched;
  /** TLS is done; the link handshake begins. */
  tls: ChannelLaunched;
  opened: LinkChannel;
  closed: ChannelClosed;
  failed: ChannelFailed;
  /** A responder's channel whose handshake begins. */
  accepted: LinkChannel;
}
