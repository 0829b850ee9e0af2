import { TorError } from '../../../base/errors/index.ts';
import { formatIpHost } from '../../../base/ip/index.ts';
import type { ServicePort, ServiceTarget } from '../../../roles/onion/index.ts';
import type { IntroDosParams } from '../../../wire/relaymsg/index.ts';
import { parseAddressPort, readQuoted, type TorOptions } from '../../../wire/torrc/index.ts';

/** One `HiddenServiceDir` and the lines that belong to it. */
export interface OnionServiceConfig {
  readonly folder: string;
  readonly groupReadable: boolean;
  readonly ports: readonly ServicePort[];
  readonly allowUnknownPorts: boolean;
  readonly maxStreams: number;
  readonly maxStreamsCloseCircuit: boolean;
  readonly introPoints: number;
  readonly introDos: IntroDosParams | undefined;
  readonly exportCircuitId: boolean;
  readonly singleHop: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Draft extends Mutable<OnionServiceConfig> {
  dosEnabled: boolean;
  dosRate: number;
  dosBurst: number;
}

const maxIntroPoints = 20;
const maxStreams = 65_535;
const maxDosRate = 2 ** 31 - 1;

const bad = (message: string): TorError => new TorError('TORRC_VALUE', message, { facts: { option: 'HiddenService' } });

/** Reads the onion services of a configuration. Throws TORRC_VALUE in C tor's words. spec: manual page */
export function onionServiceConfigs(options: TorOptions): OnionServiceConfig[] {
  const singleHop = options.get('HiddenServiceSingleHopMode') && options.get('HiddenServiceNonAnonymousMode');
  const drafts: Draft[] = [];
  for (const { key, value } of options.assigned('HiddenServiceOptions')) {
    if (key === 'HiddenServiceDir') {
      if (drafts.some((draft) => draft.folder === value)) {
        throw bad(`Another hidden service is already configured for directory ${value}`);
      }
      drafts.push(newDraft(value, singleHop));
      continue;
    }
    const draft = drafts.at(-1);
    if (draft === undefined) throw bad(`${key} with no preceding HiddenServiceDir directive`);
    const set = setters[key];
    if (set === undefined) throw bad(`${key} is not there yet in this release.`);
    set(draft, value);
  }
  return drafts.map(finished);
}

function newDraft(folder: string, singleHop: boolean): Draft {
  return {
    folder,
    singleHop,
    groupReadable: false,
    ports: [],
    allowUnknownPorts: false,
    maxStreams: 0,
    maxStreamsCloseCircuit: false,
    introPoints: 3,
    introDos: undefined,
    exportCircuitId: false,
    dosEnabled: false,
    dosRate: 25,
    dosBurst: 200,
  };
}

function finished({ dosEnabled, dosRate, dosBurst, ...config }: Draft): OnionServiceConfig {
  if (config.ports.length === 0) throw bad(`Hidden service (${config.folder}) with no ports configured.`);
  if (dosEnabled && dosRate > dosBurst) {
    throw bad(`Hidden service DoS defenses burst (${dosBurst}) can not be smaller than the rate value (${dosRate}).`);
  }
  return { ...config, introDos: dosEnabled ? { ratePerSec: dosRate, burstPerSec: dosBurst } : undefined };
}

const flag = (name: string, value: string): boolean => {
  if (value === '0' || value === '1') return value === '1';
  throw bad(`${name} must be 0 or 1, not "${value}".`);
};

const integer = (name: string, value: string, min: number, max: number): number => {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw bad(`${name} must be between ${min} and ${max}, not ${value}.`);
};

const setters: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
  HiddenServicePort: (draft, value) => {
    draft.ports = [...draft.ports, parseServicePort(value)];
  },
  HiddenServiceVersion: (_draft, value) => {
    if (value === '2')
      throw bad(
        'Onion service version 2 are obsolete. Please see https://blog.torproject.org/v2-deprecation-timeline for more details and for instructions on how to transition to version 3',
      );
    integer('HiddenServiceVersion', value, 3, 3);
  },
  HiddenServiceDirGroupReadable: (draft, value) => {
    draft.groupReadable = flag('HiddenServiceDirGroupReadable', value);
  },
  HiddenServiceAllowUnknownPorts: (draft, value) => {
    draft.allowUnknownPorts = flag('HiddenServiceAllowUnknownPorts', value);
  },
  HiddenServiceMaxStreams: (draft, value) => {
    draft.maxStreams = integer('HiddenServiceMaxStreams', value, 0, maxStreams);
  },
  HiddenServiceMaxStreamsCloseCircuit: (draft, value) => {
    draft.maxStreamsCloseCircuit = flag('HiddenServiceMaxStreamsCloseCircuit', value);
  },
  HiddenServiceNumIntroductionPoints: (draft, value) => {
    draft.introPoints = integer('HiddenServiceNumIntroductionPoints', value, 0, maxIntroPoints);
  },
  HiddenServiceExportCircuitID: (draft, value) => {
    if (value.toLowerCase() !== 'haproxy') {
      throw bad(`HiddenServiceExportCircuitID must be "haproxy", not "${value}".`);
    }
    draft.exportCircuitId = true;
  },
  HiddenServiceEnableIntroDoSDefense: (draft, value) => {
    draft.dosEnabled = flag('HiddenServiceEnableIntroDoSDefense', value);
  },
  HiddenServiceEnableIntroDoSRatePerSec: (draft, value) => {
    draft.dosRate = integer('HiddenServiceEnableIntroDoSRatePerSec', value, 0, maxDosRate);
  },
  HiddenServiceEnableIntroDoSBurstPerSec: (draft, value) => {
    draft.dosBurst = integer('HiddenServiceEnableIntroDoSBurstPerSec', value, 0, maxDosRate);
  },
  HiddenServicePoWDefensesEnabled: (_draft, value) => {
    if (flag('HiddenServicePoWDefensesEnabled', value)) {
      throw bad('HiddenServicePoWDefensesEnabled: the proof-of-work defence is not there yet in this release.');
    }
  },
  HiddenServicePoWQueueRate: () => undefined,
  HiddenServicePoWQueueBurst: () => undefined,
};

/** `VIRTPORT [TARGET]`: a port, an address, `address:port`, or `unix:path`. Throws TORRC_VALUE. */
export function parseServicePort(line: string): ServicePort {
  const [virtual = '', ...rest] = line.trim().split(/\s+/);
  const port = portOf(virtual);
  if (port === undefined) {
    throw bad(`Missing or invalid port ${JSON.stringify(virtual)} in hidden service port configuration`);
  }
  const target = line.trim().slice(virtual.length).trim();
  if (rest.length === 0) return { port, target: { kind: 'tcp', host: '127.0.0.1', port } };
  return { port, target: targetOf(target, port) };
}

const portOf = (text: string): number | undefined => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
};

function targetOf(text: string, virtualPort: number): ServiceTarget {
  if (text.startsWith('unix:')) return { kind: 'unix', path: unixPath(text.slice('unix:'.length)) };
  const port = portOf(text);
  if (port !== undefined) return { kind: 'tcp', host: '127.0.0.1', port };
  const parsed = parseAddressPort(text);
  if (parsed === undefined) throw bad(`Unparseable address in hidden service port configuration: ${text}`);
  const host = formatIpHost(parsed.ip).replace(/^\[|\]$/g, '');
  return { kind: 'tcp', host, port: parsed.port === 0 ? virtualPort : parsed.port };
}

function unixPath(text: string): string {
  const path = text.startsWith('"') ? readQuoted(text, 0)?.value : text;
  if (path === undefined || path === '')
    throw bad('Empty or malformed Unix socket path in hidden service port configuration');
  return path;
}
