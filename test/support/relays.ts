import { parseIp } from '../../src/base/ip/index.ts';
import {
  FamilyTable,
  FlagTable,
  type NetDirOptions,
  type OrAddress,
  PortPolicy,
  type Relay,
  RelayEntry,
  type RelayFlags,
  rejectAllPorts,
  Snapshot,
  type SnapshotParts,
} from '../../src/network/netdir/index.ts';
import { parseProtover } from '../../src/wire/protover/index.ts';

export const modernProtocols =
  'Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 ' +
  'Microdesc=1-3 Padding=2 Relay=2-6';
const protover = parseProtover(modernProtocols);
const flagTable = new FlagTable();
const families = new FamilyTable();

export interface RelayOptions {
  readonly nickname?: string;
  readonly flags?: string;
  readonly address?: string;
  readonly address6?: string;
  readonly port?: number;
  readonly weight?: number | undefined;
  readonly guardFraction?: number;
  readonly family?: readonly string[];
  readonly familyIds?: readonly string[];
  /** "accept 80,443" */
  readonly policy?: string;
  readonly policy6?: string;
  readonly protocols?: string;
  readonly descriptor?: boolean;
  readonly ed25519?: boolean;
}

/** `number` as the 20 bytes of an RSA identity. */
export function idOf(number: number): Uint8Array {
  const id = new Uint8Array(20);
  new DataView(id.buffer).setUint32(0, number);
  id[19] = 0xaa;
  return id;
}

export const fingerprintOf = (number: number): string => Buffer.from(idOf(number)).toString('hex').toUpperCase();

export const policyOf = (text: string | undefined): PortPolicy => {
  const [keyword, list] = (text ?? '').split(' ');
  return PortPolicy.parse(keyword ?? '', list ?? '') ?? rejectAllPorts;
};

export const flagsOf = (text: string): RelayFlags => flagTable.of(text.split(' ').filter((flag) => flag !== ''));

/** A relay of its own /16 (or as told), Fast, Running, Stable, V2Dir and Valid. */
export function relay(number: number, options: RelayOptions = {}): Relay {
  const addresses: OrAddress[] = [];
  const ipv4 = options.address ?? `${1 + (number >>> 8)}.${number & 0xff}.0.1`;
  for (const text of [ipv4, options.address6]) {
    const address = text === undefined ? undefined : parseIp(text);
    if (address !== undefined) addresses.push({ address, port: options.port ?? 9001 });
  }
  const key = new Uint8Array(32).fill(7);
  new DataView(key.buffer).setUint32(0, number);
  return new RelayEntry({
    nickname: options.nickname ?? `relay${number}`,
    rsaId: idOf(number),
    addresses,
    dirPort: 0,
    flags: flagsOf(options.flags ?? 'Fast Running Stable V2Dir Valid'),
    weight: 'weight' in options ? options.weight : 1000,
    guardFraction: options.guardFraction,
    version: 'Tor 0.4.9.11',
    protover: options.protocols === undefined ? protover : parseProtover(options.protocols),
    descriptorDigest: key,
    descriptor:
      options.descriptor === false
        ? undefined
        : {
            ntorKey: key,
            ed25519Id: options.ed25519 === false ? undefined : key,
            family: families.of(options.family, options.familyIds),
            policy4: policyOf(options.policy),
            policy6: policyOf(options.policy6),
          },
  });
}

export const validAfterMs = Date.UTC(2026, 10, 21, 12);
const hourMs = 3_600_000;

/** Weights as a network short of exits has them. */
export const usualWeights: ReadonlyMap<string, number> = new Map(
  Object.entries({
    Wbd: 0,
    Wbe: 0,
    Wbg: 4203,
    Wbm: 10000,
    Wdb: 10000,
    Web: 10000,
    Wed: 10000,
    Wee: 10000,
    Weg: 10000,
    Wem: 10000,
    Wgb: 10000,
    Wgd: 0,
    Wgg: 5797,
    Wgm: 5797,
    Wmb: 10000,
    Wmd: 0,
    Wme: 0,
    Wmg: 4203,
    Wmm: 10000,
  }),
);

export function snapshot(
  relays: readonly Relay[],
  parts: Partial<Omit<SnapshotParts, 'relays'>> = {},
  options: NetDirOptions = {},
): Snapshot {
  return new Snapshot(
    {
      flavor: 'microdesc',
      validAfterMs,
      freshUntilMs: validAfterMs + hourMs,
      validUntilMs: validAfterMs + 3 * hourMs,
      params: new Map(),
      bandwidthWeights: usualWeights,
      ...parts,
      relays: [...relays].sort((a, b) => Buffer.compare(a.rsaId, b.rsaId)),
    },
    options,
  );
}

/** A network of guards, exits and middles: every third relay is a guard, every fifth an exit to the usual ports. */
export function network(count: number, each: (number: number) => RelayOptions = () => ({})): Relay[] {
  return Array.from({ length: count }, (_, number) => {
    const flags = ['Fast', 'Running', 'Stable', 'V2Dir', 'Valid', 'HSDir'];
    if (number % 3 === 0) flags.push('Guard');
    if (number % 5 === 0) flags.push('Exit');
    return relay(number, {
      flags: flags.join(' '),
      weight: 100 + ((number * 7919) % 5000),
      ...(number % 5 === 0 ? { policy: 'accept 22,80,443,6667,8000-9000' } : {}),
      ...each(number),
    });
  });
}
