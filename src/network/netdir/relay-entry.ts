import { base16Upper } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { IpBytes } from '../../base/ip/index.ts';
import type { HopTarget } from '../../protocol/circuit/index.ts';
import type { LinkSpecifier } from '../../wire/linkspec/index.ts';
import { type ProtocolName, type Protover, supports } from '../../wire/protover/index.ts';
import { noFamily, type RelayFamily } from './family.ts';
import type { RelayFlags } from './flags.ts';
import { type PortPolicy, rejectAllPorts } from './port-policy.ts';
import type { OrAddress, Relay } from './relay.ts';

/** The part of a relay that its descriptor tells. */
export interface DescriptorPart {
  readonly ntorKey: Uint8Array | undefined;
  readonly ed25519Id: Uint8Array | undefined;
  readonly family: RelayFamily;
  readonly policy4: PortPolicy;
  readonly policy6: PortPolicy;
}

/** Everything a relay is made of. */
export interface RelayParts {
  readonly nickname: string;
  readonly rsaId: Uint8Array;
  readonly addresses: readonly OrAddress[];
  readonly dirPort: number;
  readonly flags: RelayFlags;
  readonly weight: number | undefined;
  readonly guardFraction?: number | undefined;
  readonly unmeasured?: boolean;
  readonly publishedMs?: number;
  readonly version: string;
  readonly protover: Protover;
  readonly descriptorDigest: Uint8Array;
  readonly isBridge?: boolean;
  readonly descriptor: DescriptorPart | undefined;
}

export class RelayEntry implements Relay {
  readonly nickname: string;
  readonly nicknameLower: string;
  readonly rsaId: Uint8Array;
  readonly fingerprint: string;
  readonly ed25519Id: Uint8Array | undefined;
  readonly ntorKey: Uint8Array | undefined;
  readonly hasDescriptor: boolean;
  readonly isBridge: boolean;
  readonly addresses: readonly OrAddress[];
  readonly dirPort: number;
  readonly flags: RelayFlags;
  readonly weight: number | undefined;
  readonly guardFraction: number | undefined;
  readonly unmeasured: boolean;
  readonly publishedMs: number;
  readonly version: string;
  readonly protover: Protover;
  readonly policy4: PortPolicy;
  readonly policy6: PortPolicy;
  readonly descriptorDigest: Uint8Array;
  readonly family: RelayFamily;
  readonly subnet4: number;
  readonly subnet6: number;

  constructor(parts: RelayParts) {
    const { descriptor } = parts;
    this.nickname = parts.nickname;
    this.nicknameLower = parts.nickname.toLowerCase();
    this.rsaId = parts.rsaId;
    this.fingerprint = base16Upper(parts.rsaId);
    this.ed25519Id = descriptor?.ed25519Id;
    this.ntorKey = descriptor?.ntorKey;
    this.hasDescriptor = descriptor !== undefined;
    this.isBridge = parts.isBridge === true;
    this.addresses = parts.addresses;
    this.dirPort = parts.dirPort;
    this.flags = parts.flags;
    this.weight = parts.weight;
    this.guardFraction = parts.guardFraction;
    this.unmeasured = parts.unmeasured === true;
    this.publishedMs = parts.publishedMs ?? 0;
    this.version = parts.version;
    this.protover = parts.protover;
    this.policy4 = descriptor?.policy4 ?? rejectAllPorts;
    this.policy6 = descriptor?.policy6 ?? rejectAllPorts;
    this.descriptorDigest = parts.descriptorDigest;
    this.family = descriptor?.family ?? noFamily;
    this.subnet4 = subnetOf(parts.addresses, 4);
    this.subnet6 = subnetOf(parts.addresses, 16);
  }

  supports(name: ProtocolName, version: number): boolean {
    return supports(this.protover, name, version);
  }

  get supportsConflux(): boolean {
    return this.supports('FlowCtrl', 2) && this.supports('Conflux', 1);
  }

  linkSpecifiers(): readonly LinkSpecifier[] {
    const specifiers: LinkSpecifier[] = [];
    const address = (length: number): OrAddress | undefined => this.addresses.find((a) => a.address.length === length);
    const [ipv4, ipv6] = [address(4), address(16)];
    if (ipv4 !== undefined) specifiers.push({ kind: 'ipv4', ...ipv4 });
    specifiers.push({ kind: 'rsa', id: this.rsaId });
    // The key is named only to relays that can prove it on a link we know.
    if (this.ed25519Id !== undefined && this.supports('LinkAuth', 3)) {
      specifiers.push({ kind: 'ed25519', id: this.ed25519Id });
    }
    if (ipv6 !== undefined) specifiers.push({ kind: 'ipv6', ...ipv6 });
    return specifiers;
  }

  hopTarget(): HopTarget {
    if (this.ntorKey === undefined) {
      throw new TorError('RELAY_NO_DESCRIPTOR', undefined, { facts: { relay: this.fingerprint } });
    }
    const target = {
      rsa: this.rsaId,
      ntorKey: this.ntorKey,
      linkSpecifiers: this.linkSpecifiers(),
      protover: this.protover,
    };
    const proven = this.ed25519Id !== undefined && this.supports('LinkAuth', 3);
    return proven ? { ...target, ed25519: this.ed25519Id } : target;
  }
}

/** The bits that relays of one network share: 16 of IPv4, 32 of IPv6. */
export function subnetKey(address: IpBytes): number {
  const byte = (i: number): number => address[i] as number;
  if (address.length === 4) return byte(0) * 256 + byte(1);
  return ((byte(0) * 256 + byte(1)) * 256 + byte(2)) * 256 + byte(3);
}

function subnetOf(addresses: readonly OrAddress[], length: 4 | 16): number {
  const found = addresses.find((each) => each.address.length === length);
  return found === undefined ? -1 : subnetKey(found.address);
}
