import type { TorError } from '../../base/errors/index.ts';
import type { Emitter } from '../../base/util/index.ts';
import type { HopTarget, OriginCircuit } from '../../protocol/circuit/index.ts';
import type { Stream, StreamEnd, StreamHandler } from '../../protocol/stream/index.ts';
import type { RelayIdentity } from '../../wire/linkspec/index.ts';
import type { ResolvedAnswer } from '../../wire/relaymsg/index.ts';
import type { OrEndpoint } from '../channels/index.ts';
import type { NetDir, Relay } from '../netdir/index.ts';

/** What a circuit is for. Names follow the control port's (lower case, hyphens). spec: control-spec 4.1.1 */
export const circuitPurposes = [
  /** Streams to exits. */
  'general',
  /** One hop to a directory, begun with CREATE_FAST (or ntor when the key is known). */
  'dir',
  'hs-client-hsdir',
  'hs-client-intro',
  'hs-client-rend',
  'hs-service-hsdir',
  'hs-service-intro',
  'hs-service-rend',
  /** Built ahead for onion purposes, waiting to be extended. */
  'hs-vanguards',
  'measure-timeout',
  'testing',
  'controller',
] as const;
export type CircuitPurpose = (typeof circuitPurposes)[number];

/** Where an onion circuit stands. spec: control-spec 4.1.1 HS_STATE */
export type HsState =
  | 'hsci-connecting'
  | 'hsci-intro-sent'
  | 'hsci-done'
  | 'hscr-connecting'
  | 'hscr-established-idle'
  | 'hscr-established-waiting'
  | 'hscr-joined'
  | 'hssi-connecting'
  | 'hssi-established'
  | 'hssr-connecting'
  | 'hssr-joined';

/**
 * What a stream must not share a circuit with. Two streams may share one when every dimension that either of them
 * isolates has the same value in both. spec: proposal 171
 */
export interface Isolation {
  /** Dimensions this stream isolates; a name missing here is still compared when the other stream isolates it. */
  readonly by: ReadonlySet<IsolationDimension>;
  readonly values: Readonly<Partial<Record<IsolationDimension, string>>>;
  /** Each stream keeps its circuit young, so that it serves as long as it is asked for (KeepAliveIsolateSOCKSAuth). */
  readonly keepsAlive?: boolean;
}
export const isolationDimensions = [
  'client-address',
  'socks-auth',
  'client-protocol',
  'destination-port',
  'destination-address',
  'session-group',
  'nym-epoch',
] as const;
export type IsolationDimension = (typeof isolationDimensions)[number];

export interface StreamRequest {
  /** Host name, dotted IPv4, or IPv6 without brackets. Never `.onion`: onion roles open those on their own circuits. */
  readonly host: string;
  readonly port: number;
  /** `BeginFlag`s. */
  readonly flags?: number;
  readonly handler: StreamHandler;
  readonly isolation?: Isolation;
  /** Fingerprint (40 upper-case hex) of the only exit to use. */
  readonly exit?: string;
  /** Bytes to send right behind BEGIN, asked again at each attempt. Only what `write()` takes is sent; the rest is the caller's. */
  readonly optimisticData?: () => Uint8Array | undefined;
  /** Gives up after this long over all attempts; default SocksTimeout, 120 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Pinned circuit: no other is tried (ATTACHSTREAM, tests). */
  readonly circuit?: OriginCircuit;
  /** Who asks, for the control port's STREAM events. */
  readonly source?: string;
}

export interface AttachedStream {
  readonly stream: Stream;
  readonly circuit: OriginCircuit;
  /** Address told by the exit, if any. */
  readonly address?: Uint8Array;
  readonly ttlSec?: number;
}

export interface ResolveRequest {
  /** A name, or an address for a reverse look-up (`PTR` query name is made here). */
  readonly name: string;
  readonly reverse?: boolean;
  readonly isolation?: Isolation;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly source?: string;
}
export type { ResolvedAnswer };

/** What the control port and the live page know of a circuit. */
export interface CircuitInfo {
  readonly id: number;
  readonly circuit: OriginCircuit | undefined;
  readonly purpose: CircuitPurpose;
  readonly status: 'launched' | 'guard-wait' | 'built' | 'extended' | 'failed' | 'closed';
  /** One per hop so far: `$FINGERPRINT~nickname`. */
  readonly path: readonly string[];
  readonly buildFlags: readonly string[];
  readonly createdMs: number;
  readonly dirtySinceMs: number | undefined;
  readonly isolation: Isolation | undefined;
  /** Onion address or other word of the role that asked. */
  readonly tag: string | undefined;
  readonly hsState: HsState | undefined;
}

/** A directory of which only address and identity are known: an authority or a fallback, before any consensus. */
export interface DirTarget {
  readonly nickname?: string;
  readonly identity: RelayIdentity & { readonly rsa: Uint8Array };
  readonly addresses: readonly OrEndpoint[];
}

/** Where a circuit ends: a relay of the network, one that somebody else told us of, or a bare directory. */
export type CircuitTarget = Relay | HopTarget | DirTarget;

export interface CircuitOptions {
  /** Goes into `CircuitInfo.tag`: onion roles put the service's address (control port: REND_QUERY). */
  readonly tag?: string;
  readonly isolation?: Isolation;
  /** The very path, guard first: no choice is made and nothing is cannibalized (EXTENDCIRCUIT, tests). */
  readonly path?: readonly HopTarget[];
  /** RSA fingerprints (40 upper-case hex) that must not be on the path: failed introduction or rendezvous points. */
  readonly exclude?: ReadonlySet<string>;
  /** May take a circuit built ahead and extend it. Default true where C tor does it. */
  readonly cannibalize?: boolean;
  /** A single onion service or a directory at one hop. */
  readonly oneHop?: boolean;
  /** Over all attempts; default what C tor allows the purpose. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Builds tried before giving up; default 1 with a target (callers know the next target), else 5. */
  readonly attempts?: number;
}

/** Why a controller's stream was not attached. */
export type SteeringProblem = 'unknown' | 'unmanaged' | 'not-open' | 'one-hop' | 'failed';

/** Streams that wait, in the hands of a controller (ATTACHSTREAM, REDIRECTSTREAM, CLOSESTREAM). */
export interface StreamSteering {
  /** Puts a stream on this circuit, or on whichever is best. Throws CIRCUIT_FAILED for a circuit that is closed. */
  attach(id: number, circuit?: OriginCircuit): SteeringProblem | undefined;
  /** Where the next attempt leads. False when no such stream waits. */
  redirect(id: number, host: string, port?: number): boolean;
  /** Gives it up. False when no such stream waits. */
  close(id: number, reason: number): boolean;
}

/** Builds circuits, keeps some ready, and puts streams on them. */
export interface CircuitManager {
  readonly events: Emitter<CircuitManagerEvents>;
  /**
   * Opens a stream to the clear net through a compatible circuit, building one when needed, and tries further circuits
   * while the reasons allow it. Resolves once the far end said CONNECTED; `request.handler` hears everything from
   * `connected` on. Rejects with STREAM_FAILED (fact `reason`), PATH_NO_EXIT, TIMEOUT, ABORTED.
   */
  attachStream(request: StreamRequest): Promise<AttachedStream>;
  /** Opens a stream on this circuit and no other: onion roles, after the rendezvous. Marks it dirty and isolates it. */
  attachTo(circuit: OriginCircuit, request: StreamRequest): Promise<AttachedStream>;
  resolve(request: ResolveRequest): Promise<readonly ResolvedAnswer[]>;
  readonly steering: StreamSteering;
  /** DROPTIMEOUTS: forgets the build times learned. */
  dropTimeouts(): void;
  /**
   * A circuit of this purpose ending at `target` (or at a relay chosen for the purpose), open and owned by the caller
   * until it closes it. `dir` circuits are shared by all who ask for the same directory and close by themselves. Rejects with CIRCUIT_FAILED, CIRCUIT_TIMEOUT, PATH_*, ABORTED.
   */
  circuitTo(purpose: CircuitPurpose, target?: CircuitTarget, options?: CircuitOptions): Promise<OriginCircuit>;
  /**
   * An open circuit of this purpose and tag on which a stream with this isolation may go: not dirty for too long, not
   * marked unusable. A rendezvous circuit counts only when it is joined (`setHsState`).
   */
  findOpen(purpose: CircuitPurpose, tag: string, isolation?: Isolation): OriginCircuit | undefined;
  info(circuit: OriginCircuit): CircuitInfo | undefined;
  /** Every circuit that is not closed, oldest first. */
  list(): readonly CircuitInfo[];
  setPurpose(circuit: OriginCircuit, purpose: CircuitPurpose, tag?: string): void;
  setHsState(circuit: OriginCircuit, state: HsState): void;
  /** No new stream goes on this circuit (NEWNYM, dead rendezvous). */
  markUnusable(circuit: OriginCircuit): void;
  /** Looks at what is likely to be needed and launches it; runs by itself once a second after `start()`. */
  launchPreemptive(): void;
  /** Says that a port is likely to be used (a listener's first request). */
  predictPort(port: number): void;
  /** Says that onion services are being used: internal circuits are kept ready. */
  predictInternal(needs: { readonly uptime: boolean; readonly capacity: boolean }): void;
  /** NEWNYM: streams from now on share no circuit with earlier ones. */
  newIdentity(): void;
  /** Circuits that streams used carry no new ones. */
  retireDirty(): void;
  /** The network to choose from; undefined while too little is known of it. */
  setNetDir(netdir: NetDir | undefined): void;
  /** Begins to build ahead and to expire, once a second. */
  start(): void;
  /** Fails what waits and closes every circuit; nothing is launched any more. */
  closeAll(): void;
}

export interface StreamInfo {
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
  readonly circuitId: number;
  readonly target: string;
  readonly source: string | undefined;
  readonly end?: StreamEnd;
  readonly error?: TorError;
  /** Once it is on a circuit. */
  readonly stream?: Stream;
}

export interface CircuitManagerEvents {
  circuit: { readonly info: CircuitInfo; readonly reason?: string; readonly remoteReason?: string };
  /** A circuit's purpose changed. */
  purpose: { readonly info: CircuitInfo; readonly oldPurpose: CircuitPurpose; readonly cannibalized: boolean };
  stream: { readonly info: StreamInfo };
  /** BUILDTIMEOUT_SET. spec: control-spec 4.1.16 */
  buildTimeout: BuildTimeEvent;
  /** Steps that count for the bootstrap phases. */
  progress: { readonly tag: CircuitProgress };
}

export type CircuitProgress = 'onehop_create' | 'requesting_status' | 'ap_handshake_done' | 'circuit_create' | 'done';

export interface BuildTimeEvent {
  readonly kind: 'computed' | 'reset' | 'suspended' | 'discard' | 'resume';
  readonly totalTimes: number;
  readonly timeoutMs: number;
  readonly xm: number;
  readonly alpha: number;
  readonly quantileCutoff: number;
  readonly timeoutRate: number;
  readonly closeMs: number;
  readonly closeRate: number;
}
