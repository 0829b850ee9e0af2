import type { Emitter } from '../../base/util/index.ts';
import type { OriginCircuit } from '../../protocol/circuit/index.ts';
import type { AuthorityCertificate, Consensus, ConsensusFlavor, Microdescriptor } from '../../wire/netdoc/index.ts';
import type { NetDir } from '../netdir/index.ts';
import type { KeptDescriptor } from './descriptor-store.ts';

/** One directory authority, from a `DirAuthority` line or the shipped list. */
export interface DirAuthority {
  readonly nickname: string;
  readonly address: string;
  readonly dirPort: number;
  readonly orPort: number;
  readonly ipv6?: { readonly address: string; readonly orPort: number };
  /** 40 upper-case hex: the relay's RSA identity. */
  readonly fingerprint: string;
  /** 40 upper-case hex: the authority's v3 identity key; undefined for a bridge authority. */
  readonly v3Ident?: string;
  readonly bridge: boolean;
  readonly weight: number;
  /** Where votes and descriptors go when that differs (`upload=`, `vote=`, `download=`). */
  readonly endpoints?: readonly {
    readonly usage: 'upload' | 'download' | 'vote';
    readonly address: string;
    readonly dirPort: number;
  }[];
}

/** One fallback directory, from a `FallbackDir` line or the shipped list. */
export interface FallbackDir {
  readonly address: string;
  readonly orPort: number;
  readonly ipv6?: { readonly address: string; readonly orPort: number };
  readonly fingerprint: string;
  readonly weight: number;
}

/** Bootstrap phases in C tor's order, tags and percents. spec: control-spec 5.5 */
export interface BootstrapPhase {
  readonly percent: number;
  readonly tag: string;
  readonly summary: string;
}

export interface BootstrapStatus extends BootstrapPhase {
  /** Set when the phase does not move: what went wrong last (BOOTSTRAP_PROBLEM). */
  readonly warning?: string;
  readonly reason?: string;
  readonly count?: number;
  readonly recommendation?: 'ignore' | 'warn';
  /** Fingerprint and address of the relay it happened with; `?` when there is none. */
  readonly hostId?: string;
  readonly hostAddress?: string;
}

export interface DirectoryEvents {
  /** A new snapshot, also when only microdescriptors were added. */
  netdir: NetDir;
  /** A new verified consensus, before its microdescriptors are there. */
  consensus: { readonly flavor: ConsensusFlavor; readonly validAfterMs: number; readonly bytes: number };
  /** Digests (base64, no padding) of microdescriptors that were added. */
  microdescs: readonly string[];
  progress: BootstrapStatus;
  /** Our clock against what others say: positive when we seem to be ahead. CLOCK_SKEW and the log's warning. */
  clockSkew: { readonly skewMs: number; readonly source: string; readonly trusted: boolean };
  /** Required or recommended protocols that we lack: "your Tor is too old". */
  protocols: { readonly missing: string; readonly required: boolean };
  /** Enough directory information was gained or lost (CIRCUIT_ESTABLISHED, DIR_INFO). */
  enough: { readonly enough: boolean; readonly reason: string };
}

export interface DirRequest {
  readonly method: 'GET' | 'POST';
  /** From the slash on. */
  readonly path: string;
  /** `address:port` of the directory, IPv6 in brackets, without `:80`; default from the circuit's last hop. */
  readonly host?: string;
  /** In this order, behind If-Modified-Since and Accept-Encoding. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly ifModifiedSinceMs?: number;
  readonly body?: Uint8Array;
  /** `identity` for anonymous requests: what we can decompress is not told, and zstd is refused. Default `any`. */
  readonly compression?: 'any' | 'identity';
  /** Limit of the answer after decompression; default 64 MiB. Before it, C tor's 16 MiB holds. */
  readonly maxBytes?: number;
  /** An answer cut short is still of use: its documents stand alone. */
  readonly allowPartial?: boolean;
  /** How long for CONNECTED; default 15 s. */
  readonly connectTimeoutMs?: number;
  /** How long without a byte; default 5 minutes, TestingDirConnectionMaxStall. */
  readonly stallTimeoutMs?: number;
  /** Over all; default none. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** The directory took the stream. */
  readonly onConnected?: () => void;
}

export interface DirResponse {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decompressed. */
  readonly body: Uint8Array;
  /** When the request was sent, by our clock: what the Date header is compared with. */
  readonly sentMs: number;
}

/** Asks one directory over a BEGIN_DIR stream at the circuit's last hop: `dirRequest` with its dependencies bound. */
export type DirRequester = (circuit: OriginCircuit, request: DirRequest) => Promise<DirResponse>;

/** Knows the network, keeps it fresh, and asks directories on behalf of others. */
export interface DirectoryManager {
  readonly events: Emitter<DirectoryEvents>;
  /** The newest snapshot with a reasonably live consensus; undefined before the first. */
  readonly netdir: NetDir | undefined;
  readonly status: BootstrapStatus;
  /** Reads the caches, then fetches what is missing and keeps it fresh. Resolves when the caches are read. */
  start(): Promise<void>;
  /** Resolves with a snapshot that has enough information to build circuits. Rejects with ABORTED. */
  whenReady(signal?: AbortSignal): Promise<NetDir>;
  /** What other rooms saw on the way to 100%. */
  noteProgress(tag: string): void;
  /** Forgets what failed and asks at once for what is missing. */
  poke(): void;
  stop(): Promise<void>;
}

/** Everything that is kept, for those who serve it. Server descriptors and the flavour that we do not use only in a cache. */
export interface DirDocuments {
  consensus(flavor: ConsensusFlavor): Consensus | undefined;
  certificates(): readonly AuthorityCertificate[];
  /** By SHA-256, 32 bytes. */
  microdescriptor(digest: Uint8Array): Microdescriptor | undefined;
  /** By SHA-1, 20 bytes. */
  descriptor(digest: Uint8Array): KeptDescriptor | undefined;
  /** The newest of a relay, by RSA identity. */
  descriptorOf(rsaId: Uint8Array): KeptDescriptor | undefined;
  descriptorsOfAll(): Iterable<KeptDescriptor>;
}
