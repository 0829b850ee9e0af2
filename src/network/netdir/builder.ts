import type {
  AddressPort,
  Consensus,
  Microdescriptor,
  PortSummary,
  RouterStatus,
  ServerDescriptor,
} from '../../wire/netdoc/index.ts';
import { FamilyTable } from './family.ts';
import { FlagTable } from './flags.ts';
import { PortPolicy, rejectAllPorts } from './port-policy.ts';
import type { OrAddress, Relay } from './relay.ts';
import { type DescriptorPart, RelayEntry } from './relay-entry.ts';
import { type NetDirOptions, Snapshot } from './snapshot.ts';
import type { NetDir } from './types.ts';

/** Finds a descriptor by the digest that the consensus gives: SHA-256 of a microdescriptor, SHA-1 of a descriptor. */
export interface DescriptorLookup {
  readonly microdesc?: (digest: Uint8Array) => Microdescriptor | undefined;
  readonly descriptor?: (digest: Uint8Array) => ServerDescriptor | undefined;
}

/**
 * Makes snapshots of one consensus as its descriptors come in. Relays whose descriptor did not change since the last
 * snapshot are the same objects again.
 */
export class NetDirBuilder {
  readonly #consensus: Consensus;
  readonly #flags = new FlagTable();
  readonly #families = new FamilyTable();
  readonly #entries: { source: Microdescriptor | ServerDescriptor | undefined; relay: Relay }[] = [];

  constructor(consensus: Consensus) {
    this.#consensus = consensus;
  }

  build(lookup: DescriptorLookup, options: NetDirOptions = {}): NetDir {
    const consensus = this.#consensus;
    const relays = consensus.relays.map((status, i) => this.#relay(status, i, lookup));
    return new Snapshot({ ...pick(consensus), relays }, options);
  }

  #relay(status: RouterStatus, index: number, lookup: DescriptorLookup): Relay {
    const known = this.#entries[index];
    const digest = known?.relay.descriptorDigest ?? status.descriptorDigest;
    const isNs = this.#consensus.flavor === 'ns';
    const find = isNs ? lookup.descriptor : lookup.microdesc;
    const source = digest === undefined ? undefined : find?.(digest);
    if (known !== undefined && known.source === source) return known.relay;
    const relay = new RelayEntry({
      nickname: status.nickname,
      rsaId: status.rsaId,
      addresses: addressesOf({ address: status.address, port: status.orPort }, status.ipv6 ?? source?.ipv6),
      dirPort: status.dirPort,
      flags: this.#flags.of(status.flags),
      weight: status.bandwidth,
      guardFraction: status.guardFraction,
      unmeasured: status.unmeasured,
      publishedMs: isNs ? status.publishedMs : 0,
      version: status.version,
      protover: status.protover,
      descriptorDigest: digest ?? noDigest,
      descriptor: this.#part(status, source),
    });
    this.#entries[index] = { source, relay };
    return relay;
  }

  #part(status: RouterStatus, source: Microdescriptor | ServerDescriptor | undefined): DescriptorPart | undefined {
    if (source === undefined) return undefined;
    const isDescriptor = 'ipv6Policy' in source;
    return {
      ntorKey: source.ntorKey,
      ed25519Id: source.ed25519Id,
      family: this.#families.of(source.family, source.familyIds),
      policy4: policyOf(isDescriptor ? status.policy : source.policy),
      policy6: policyOf(isDescriptor ? source.ipv6Policy : source.policy6),
    };
  }
}

function pick(consensus: Consensus) {
  const { flavor, validAfterMs, freshUntilMs, validUntilMs, params, bandwidthWeights } = consensus;
  const { sharedRandomPrevious, sharedRandomCurrent } = consensus;
  const times = { validAfterMs, freshUntilMs, validUntilMs };
  return { flavor, ...times, params, bandwidthWeights, sharedRandomPrevious, sharedRandomCurrent };
}

const addressesOf = (ipv4: OrAddress, ipv6: AddressPort | undefined): OrAddress[] =>
  ipv6 === undefined ? [ipv4] : [ipv4, ipv6];

const policyOf = (summary: PortSummary | undefined): PortPolicy =>
  summary === undefined ? rejectAllPorts : new PortPolicy(summary.accepts, summary.ranges);

const noDigest = new Uint8Array(0);
const bridgeFlags = new FlagTable().of(['Fast', 'Running', 'Stable', 'V2Dir', 'Valid']);

/** A bridge as a first hop: what its descriptor says, reached where the Bridge line says. */
export function bridgeRelay(descriptor: ServerDescriptor, at: OrAddress): Relay {
  return new RelayEntry({
    nickname: descriptor.nickname,
    rsaId: descriptor.rsaId,
    addresses: [at],
    dirPort: 0,
    flags: bridgeFlags,
    weight: undefined,
    publishedMs: descriptor.publishedMs,
    version: descriptor.platform,
    protover: descriptor.protover,
    descriptorDigest: descriptor.digest,
    isBridge: true,
    descriptor: {
      ntorKey: descriptor.ntorKey,
      ed25519Id: descriptor.ed25519Id,
      family: new FamilyTable().of(descriptor.family, descriptor.familyIds),
      policy4: rejectAllPorts,
      policy6: rejectAllPorts,
    },
  });
}
