import type { TorError } from '../../base/errors/index.ts';
import { formatIpHost } from '../../base/ip/index.ts';
import type { ChannelLaunched } from '../../network/channels/index.ts';
import type { CircuitInfo, CircuitPurpose, StreamInfo } from '../../network/circuits/index.ts';
import type { OnionClientEvents } from '../../roles/onion/index.ts';
import type { NodeParts } from '../node/index.ts';
import type { StartProgress } from './options.ts';

/** A circuit as a program sees it. */
export interface CircuitView {
  readonly id: number;
  /** `general`, `hs-client-rend` and the like. */
  readonly purpose: CircuitPurpose;
  readonly status: 'launched' | 'guard-wait' | 'built' | 'extended' | 'failed' | 'closed';
  /** `$FINGERPRINT~nickname` of each hop so far, guard first. */
  readonly path: readonly string[];
  readonly createdAt: Date;
  /** The onion service that it is for, when the purpose is one of theirs. */
  readonly service: string | undefined;
}

/** A connection, or a look-up, and the circuit that carries it. */
export interface StreamView {
  readonly id: number;
  readonly status:
    | 'new'
    | 'newresolve'
    | 'sentconnect'
    | 'sentresolve'
    | 'succeeded'
    | 'failed'
    | 'closed'
    | 'detached'
    | 'controller-wait';
  /** `host:port` as it was asked for. */
  readonly target: string;
  /** The context it was opened in (`library:main`), or the port that a program asked at. */
  readonly source: string | undefined;
  /** 0 as long as it has none. */
  readonly circuitId: number;
  /** The circuit's hops, guard first. */
  readonly path: readonly string[];
  readonly error: TorError | undefined;
}

/** A TLS connection to a relay. */
export interface ChannelView {
  readonly id: number;
  readonly status: 'launched' | 'connected' | 'encrypted' | 'open' | 'closed' | 'failed';
  /** `address:port` */
  readonly address: string;
  readonly error: TorError | undefined;
}

export interface GuardView {
  readonly status: 'new' | 'dropped' | 'up' | 'down';
  readonly fingerprint: string;
  readonly nickname: string;
}

export interface ConsensusView {
  readonly validAfter: Date;
  readonly bytes: number;
}

/** A step on the way to an onion service; `step` tells which other fields there are. */
export type OnionStep = {
  readonly [Step in keyof OnionClientEvents]: { readonly step: Step } & OnionClientEvents[Step];
}[keyof OnionClientEvents];

/** Everything that can be listened to, with what the listener is given. */
export interface TorEvents {
  progress: StartProgress;
  consensus: ConsensusView;
  guard: GuardView;
  channel: ChannelView;
  circuit: CircuitView;
  stream: StreamView;
  onion: OnionStep;
}

type Off = () => void;
type Hear<K extends keyof TorEvents> = (listener: (event: TorEvents[K]) => void) => Off;

/** How each kind of event is heard. */
export function sourcesOf(parts: NodeParts): { readonly [K in keyof TorEvents]: Hear<K> } {
  const { channels, circuits, directory, guards, onionClient } = parts;
  return {
    progress: (hear) => directory.events.on('progress', hear),
    consensus: (hear) =>
      directory.events.on('consensus', ({ validAfterMs, bytes }) =>
        hear({ validAfter: new Date(validAfterMs), bytes }),
      ),
    guard: (hear) =>
      all(
        (['new', 'dropped', 'up', 'down'] as const).map((status) =>
          guards.events.on(status, ({ fingerprint, nickname }) => hear({ status, fingerprint, nickname })),
        ),
      ),
    channel: (hear) => hearChannels(channels, hear),
    circuit: (hear) => circuits.events.on('circuit', ({ info }) => hear(circuitView(info))),
    stream: (hear) => circuits.events.on('stream', ({ info }) => hear(streamView(info, pathOf(parts, info.circuitId)))),
    onion: (hear) => onionClient.events.onAny((step, event) => hear({ step, ...event } as OnionStep)),
  };
}

export function circuitView({ id, purpose, status, path, createdMs, tag }: CircuitInfo): CircuitView {
  return { id, purpose, status, path, createdAt: new Date(createdMs), service: tag };
}

export function streamView(info: StreamInfo, path: readonly string[]): StreamView {
  const { id, status, target, source, circuitId, error } = info;
  return { id, status, target, source, circuitId, path, error };
}

export function pathOf({ circuits }: NodeParts, circuitId: number): readonly string[] {
  if (circuitId === 0) return [];
  return circuits.list().find(({ id }) => id === circuitId)?.path ?? [];
}

function hearChannels({ events }: NodeParts['channels'], hear: (event: ChannelView) => void): Off {
  const step = (status: ChannelView['status']) => (launched: ChannelLaunched & { readonly error?: TorError }) =>
    hear({ id: launched.id, status, address: addressOf(launched), error: launched.error });
  return all([
    events.on('launched', step('launched')),
    events.on('tcp', step('connected')),
    events.on('tls', step('encrypted')),
    events.on('failed', step('failed')),
    events.on('opened', ({ id, peer }) =>
      hear({ id, status: 'open', address: `${peer.address}:${peer.port}`, error: undefined }),
    ),
    events.on('closed', ({ channel: { id, peer }, error }) =>
      hear({ id, status: 'closed', address: `${peer.address}:${peer.port}`, error }),
    ),
  ]);
}

const addressOf = ({ endpoint }: ChannelLaunched): string =>
  endpoint === undefined ? '' : `${formatIpHost(endpoint.address)}:${endpoint.port}`;

const all =
  (offs: readonly Off[]): Off =>
  () => {
    for (const off of offs) off();
  };
