import type { ServicePort } from '../../../roles/onion/index.ts';
import type { IntroDosParams } from '../../../wire/relaymsg/index.ts';
import { parseScalar, quote, type ScalarType, type TorOptions } from '../../../wire/torrc/index.ts';
import { bad, parseServicePort } from './service-port.ts';

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
  /** HiddenServicePoWDefensesEnabled: is read, and refused when the service is to run. */
  readonly proofOfWork: boolean;
}

const minIntroPoints = 3;
const maxIntroPoints = 20;
const maxStreams = 65_535;

/** How C tor reads each option of a block; all but ports count once. */
const types: Readonly<Record<string, ScalarType>> = {
  HiddenServiceDirGroupReadable: 'bool',
  HiddenServiceVersion: 'int',
  HiddenServiceAllowUnknownPorts: 'bool',
  HiddenServiceMaxStreams: 'posint',
  HiddenServiceMaxStreamsCloseCircuit: 'bool',
  HiddenServiceNumIntroductionPoints: 'posint',
  HiddenServiceExportCircuitID: 'string',
  HiddenServiceEnableIntroDoSDefense: 'bool',
  HiddenServiceEnableIntroDoSRatePerSec: 'posint',
  HiddenServiceEnableIntroDoSBurstPerSec: 'posint',
  HiddenServiceOnionBalanceInstance: 'bool',
  HiddenServicePoWDefensesEnabled: 'bool',
  HiddenServicePoWQueueRate: 'posint',
  HiddenServicePoWQueueBurst: 'posint',
};

/** One block of lines, each value in the form of its type. */
class Block {
  readonly folder: string;
  readonly portLines: string[] = [];
  readonly #values = new Map<string, unknown>();
  readonly #warn: (message: string) => void;

  constructor(folder: string, warn: (message: string) => void) {
    this.folder = folder;
    this.#warn = warn;
  }

  set(name: string, text: string): void {
    if (name === 'HiddenServicePort') {
      this.portLines.push(text);
      return;
    }
    const type = types[name];
    if (type === undefined) throw bad(`${name} is not there yet in this release.`);
    if (this.#values.has(name)) {
      this.#warn(`Option '${name}' used more than once; all but the last value will be ignored.`);
    }
    try {
      this.#values.set(name, parseScalar(type, text).value);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw bad(`Can't parse configuration for onion service: Could not parse ${name}: ${why}`, cause);
    }
  }

  flag(name: string): boolean {
    return this.#values.get(name) === true;
  }

  number(name: string, fallback: number): number {
    const value = this.#values.get(name);
    return typeof value === 'number' ? value : fallback;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }
}

/** Reads the onion services of a configuration. Throws TORRC_VALUE in C tor's words. spec: manual page */
export function onionServiceConfigs(
  options: TorOptions,
  warn: (message: string) => void = () => undefined,
): OnionServiceConfig[] {
  const singleHop = options.get('HiddenServiceSingleHopMode') && options.get('HiddenServiceNonAnonymousMode');
  const configs: OnionServiceConfig[] = [];
  let block: Block | undefined;
  const finish = (): void => {
    if (block === undefined) return;
    const { folder } = block;
    const config = finished(block, singleHop);
    if (configs.some((other) => other.folder === folder)) {
      throw bad(`Another hidden service is already configured for directory ${quote(folder)}`);
    }
    configs.push(config);
  };
  for (const { key, value } of options.assigned('HiddenServiceOptions')) {
    if (key === 'HiddenServiceDir') {
      finish();
      block = new Block(value, warn);
    } else if (block === undefined) throw bad(`${key} with no preceding HiddenServiceDir directive`);
    else block.set(key, value);
  }
  finish();
  return configs;
}

/** Checks in C tor's order, which decides what is told of a block with several mistakes. */
function finished(block: Block, singleHop: boolean): OnionServiceConfig {
  checkVersion(block.number('HiddenServiceVersion', -1));
  const ports = block.portLines.map(parseServicePort);
  const config = {
    folder: block.folder,
    singleHop,
    groupReadable: block.flag('HiddenServiceDirGroupReadable'),
    ports,
    allowUnknownPorts: block.flag('HiddenServiceAllowUnknownPorts'),
    maxStreams: within(block, 'HiddenServiceMaxStreams', 0, maxStreams, 0),
    maxStreamsCloseCircuit: block.flag('HiddenServiceMaxStreamsCloseCircuit'),
    introPoints: within(block, 'HiddenServiceNumIntroductionPoints', minIntroPoints, maxIntroPoints, minIntroPoints),
    exportCircuitId: exportsCircuitId(block.text('HiddenServiceExportCircuitID')),
    proofOfWork: block.flag('HiddenServicePoWDefensesEnabled'),
  };
  if (ports.length === 0) throw bad(`Hidden service (${quote(block.folder)}) with no ports configured.`);
  const introDos = introDosOf(block);
  if (config.proofOfWork) {
    const rate = block.number('HiddenServicePoWQueueRate', 250);
    atLeastRate('PoW queue', rate, block.number('HiddenServicePoWQueueBurst', 2500));
  }
  return { ...config, introDos };
}

function checkVersion(version: number): void {
  if (version === 2) {
    throw bad(
      'Onion services version 2 are obsolete. Please see https://blog.torproject.org/v2-deprecation-timeline ' +
        'for more details and for instructions on how to transition to version 3.',
    );
  }
  if (version !== -1 && version !== 3) throw bad(`HiddenServiceVersion must be 3, not ${version}.`);
}

function within(block: Block, name: string, low: number, high: number, fallback: number): number {
  const value = block.number(name, fallback);
  if (value < low || value > high) throw bad(`${name} must be between ${low} and ${high}, not ${value}.`);
  return value;
}

function exportsCircuitId(protocol: string | undefined): boolean {
  const name = protocol?.toLowerCase() ?? 'none';
  if (name === 'haproxy' || name === 'none') return name === 'haproxy';
  throw bad("HiddenServiceExportCircuitID must be 'haproxy' or 'none'.");
}

function introDosOf(block: Block): IntroDosParams | undefined {
  if (!block.flag('HiddenServiceEnableIntroDoSDefense')) return undefined;
  const ratePerSec = block.number('HiddenServiceEnableIntroDoSRatePerSec', 25);
  const burstPerSec = block.number('HiddenServiceEnableIntroDoSBurstPerSec', 200);
  atLeastRate('DoS defenses', ratePerSec, burstPerSec);
  return { ratePerSec, burstPerSec };
}

function atLeastRate(what: string, rate: number, burst: number): void {
  if (burst >= rate) return;
  throw bad(`Hidden service ${what} burst (${burst}) can not be smaller than the rate value (${rate}).`);
}
