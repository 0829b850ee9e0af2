import type { TorError } from '../../base/errors/index.ts';
import type { IpBytes } from '../../base/ip/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import type { RelayIdentity } from '../../wire/linkspec/index.ts';
import type { CellBuffers } from './buffers.ts';
import type { OnCreate } from './channel.ts';
import type { LinkCredentials } from './credentials.ts';
import type { HandshakeOptions, HandshakeResult } from './handshake.ts';
import type { ChannelParams } from './params.ts';
import type { ChannelTransport, TlsBinding } from './transport.ts';

export interface LinkChannelDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Shared by all channels of a node. */
  readonly buffers: CellBuffers;
  readonly transport: ChannelTransport;
  readonly tls: TlsBinding;
}

interface LinkChannelCommonOptions {
  /** Unique in this node. */
  readonly id: number;
  /** The peer's address as our socket sees it; undefined behind a proxy. */
  readonly peerAddress: IpBytes | undefined;
  readonly peerPort: number;
  /** Our published addresses, for NETINFO; relays only. */
  readonly ownAddresses?: readonly IpBytes[];
  /** Link protocols to offer, 4 and 5 by default. */
  readonly versions?: readonly number[];
  readonly params?: ChannelParams;
  readonly handshakeTimeoutMs?: number;
  /** Hears of new circuits; without it every CREATE is answered by DESTROY. Relays only. */
  readonly onCreate?: OnCreate;
}

export interface InitiatorChannelOptions extends LinkChannelCommonOptions {
  readonly role: 'initiator';
  readonly expected: RelayIdentity;
  /** A public relay authenticates itself; clients and bridges must not. */
  readonly credentials?: LinkCredentials;
}

export interface ResponderChannelOptions extends LinkChannelCommonOptions {
  readonly role: 'responder';
  readonly credentials: LinkCredentials;
}

export type LinkChannelOptions = InitiatorChannelOptions | ResponderChannelOptions;

export interface LinkChannelEvents {
  open: HandshakeResult;
  /** Undefined after an orderly end. */
  closed: TorError | undefined;
}

/** Running totals of cells. */
export interface ChannelCounters {
  cellsIn: number;
  cellsOut: number;
  paddingIn: number;
  paddingOut: number;
  /** Cells for circuits we do not know, dropped. */
  strayIn: number;
  /** DESTROY cells. */
  destroysIn: number;
}

export const noCounters = (): ChannelCounters => ({
  cellsIn: 0,
  cellsOut: 0,
  paddingIn: 0,
  paddingOut: 0,
  strayIn: 0,
  destroysIn: 0,
});

/** What of them the handshake needs to know. */
export function handshakeOptions(options: LinkChannelOptions): HandshakeOptions {
  const common = {
    versions: options.versions ?? [4, 5],
    peerAddress: options.peerAddress,
    ownAddresses: options.ownAddresses ?? [],
  };
  if (options.role === 'responder') return { ...common, role: 'responder', credentials: options.credentials };
  return {
    ...common,
    role: 'initiator',
    expected: options.expected,
    ...(options.credentials && { credentials: options.credentials }),
  };
}
