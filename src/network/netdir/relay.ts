import type { IpBytes } from '../../base/ip/index.ts';
import type { HopTarget } from '../../protocol/circuit/index.ts';
import type { LinkSpecifier } from '../../wire/linkspec/index.ts';
import type { ProtocolName, Protover } from '../../wire/protover/index.ts';
import type { FamilyMember } from './family.ts';
import type { RelayFlags } from './flags.ts';
import type { PortPolicy } from './port-policy.ts';

export interface OrAddress {
  /** 4 or 16 bytes. */
  readonly address: IpBytes;
  readonly port: number;
}

/** One relay as a client sees it: a consensus entry with its microdescriptor, or a bridge with its descriptor. */
export interface Relay extends FamilyMember {
  readonly nickname: string;
  /** SHA-1 of the RSA identity key, 20 bytes. */
  readonly rsaId: Uint8Array;
  /** `rsaId` in upper-case hexadecimal: the key for maps. */
  readonly fingerprint: string;
  /** Ed25519 master identity, 32 bytes; absent without a descriptor. */
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
  /** Consensus weight (`w Bandwidth=`), kilobytes per second; undefined when the consensus gives none. */
  readonly weight: number | undefined;
  /** `w GuardFraction=`, 0 to 100. */
  readonly guardFraction: number | undefined;
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
  /** The /16 of the IPv4 address as a number, and the /32 of the IPv6 address; -1 for none. */
  readonly subnet4: number;
  readonly subnet6: number;
  supports(name: ProtocolName, version: number): boolean;
  /** FlowCtrl=2 and Conflux=1. */
  readonly supportsConflux: boolean;
  /** In the order a client sends them: IPv4, RSA identity, Ed25519 identity, IPv6. */
  linkSpecifiers(): readonly LinkSpecifier[];
  /** Throws RELAY_NO_DESCRIPTOR when no onion key is known. */
  hopTarget(): HopTarget;
}
