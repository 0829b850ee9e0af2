import type { IpBytes } from '../../base/ip/index.ts';
import type { LinkSpecifier } from '../../wire/linkspec/index.ts';
import type { ProtocolName, Protover } from '../../wire/protover/index.ts';
import type { PortPolicy } from './port-policy.ts';

/** The flags of a consensus entry. Shared between relays: compare values, not objects. spec: dir-spec 3.4.1 */
export interface RelayFlags {
  readonly authority: boolean;
  readonly badExit: boolean;
  readonly exit: boolean;
  readonly fast: boolean;
  readonly guard: boolean;
  readonly hsDir: boolean;
  readonly middleOnly: boolean;
  readonly noEdConsensus: boolean;
  readonly running: boolean;
  readonly stable: boolean;
  readonly staleDesc: boolean;
  readonly sybil: boolean;
  readonly v2Dir: boolean;
  readonly valid: boolean;
}

export interface OrAddress {
  /** 4 or 16 bytes. */
  readonly address: IpBytes;
  readonly port: number;
}

/** Whom a circuit is extended to. The same shape as `protocol/circuit`'s. */
export interface HopTarget {
  readonly ed25519?: Uint8Array;
  readonly rsa: Uint8Array;
  readonly ntorKey: Uint8Array;
  readonly linkSpecifiers: readonly LinkSpecifier[];
  readonly protover: Protover;
}

/** One relay as a client sees it: a consensus entry with its microdescriptor, or a bridge with its descriptor. */
export interface Relay {
  readonly nickname: string;
  /** SHA-1 of the RSA identity key, 20 bytes. */
  readonly rsaId: Uint8Array;
  /** `rsaId` in upper-case hexadecimal: the key for maps. */
  readonly fingerprint: string;
  /** Ed25519 master identity, 32 bytes; absent without a descriptor and where authorities do not vouch for it. */
  readonly ed25519Id: Uint8Array | undefined;
  /** Curve25519 onion key, 32 bytes; absent without a descriptor. */
  readonly ntorKey: Uint8Array | undefined;
  /** True when a microdescriptor or server descriptor is known, so that the relay can stand on a path. */
  readonly hasDescriptor: boolean;
  readonly isBridge: boolean;
  /** IPv4 first, when there is one. Never empty. */
  readonly addresses: readonly OrAddress[];
  /** 0 for none. */
  readonly dirPort: number;
  readonly flags: RelayFlags;
  /** Consensus weight (`w Bandwidth=`), kilobytes per second; 0 when the consensus gives none. */
  readonly weight: number;
  /** `w Unmeasured=1`. */
  readonly unmeasured: boolean;
  /** The descriptor's publication time for the ns flavour, else 0. */
  readonly publishedMs: number;
  /** `v` line, such as "Tor 0.4.9.11"; empty when absent. */
  readonly version: string;
  readonly protover: Protover;
  /** Exit policy summaries. Without a descriptor they refuse every port. */
  readonly policy4: PortPolicy;
  readonly policy6: PortPolicy;
  /** Microdescriptor digest (32 bytes) or descriptor digest (20 bytes), by flavour. */
  readonly descriptorDigest: Uint8Array;
  supports(name: ProtocolName, version: number): boolean;
  /** In the order a client sends them: IPv4, RSA identity, Ed25519 identity, IPv6. */
  linkSpecifiers(): readonly LinkSpecifier[];
  /** Throws RELAY_NO_DESCRIPTOR when no onion key is known. */
  hopTarget(): HopTarget;
}
