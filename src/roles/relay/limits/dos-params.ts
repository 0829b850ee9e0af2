import type { ConsensusParams } from '../../../network/netdir/index.ts';
import type { DosConfig } from '../config.ts';

/** What is in force: the torrc where it says something, else the consensus. */
export interface DosParams {
  readonly circuitEnabled: boolean;
  readonly circuitMinConnections: number;
  readonly circuitRate: number;
  readonly circuitBurst: number;
  readonly circuitRefuses: boolean;
  readonly circuitDefenseMs: number;
  /** Full circuit queues of one client that mark it; 0: never. */
  readonly maxFullQueues: number;
  readonly connectionEnabled: boolean;
  readonly connectionMax: number;
  readonly connectionRefuses: boolean;
  readonly connectRate: number;
  readonly connectBurst: number;
  readonly connectDefenseMs: number;
  readonly streamEnabled: boolean;
  readonly streamRate: number;
  readonly streamBurst: number;
  readonly streamDefense: 'none' | 'refuse' | 'close';
  readonly refuseSingleHopRendezvous: boolean;
}

const streamDefenses = ['none', 'none', 'refuse', 'close'] as const;
const refuses = 2;

export function dosParams(config: DosConfig, consensus: ConsensusParams): DosParams {
  const { get } = consensus;
  const flag = (own: boolean | 'auto', name: Parameters<typeof get>[0]): boolean =>
    own === 'auto' ? get(name) === 1 : own;
  const circuitMs = config.circuitDefenseMs || get('DoSCircuitCreationDefenseTimePeriod') * 1000;
  const connectMs = config.connectDefenseMs || get('DoSConnectionConnectDefenseTimePeriod') * 1000;
  return {
    circuitEnabled: flag(config.circuitEnabled, 'DoSCircuitCreationEnabled'),
    circuitMinConnections: config.circuitMinConnections || get('DoSCircuitCreationMinConnections'),
    circuitRate: config.circuitRate || get('DoSCircuitCreationRate'),
    circuitBurst: config.circuitBurst || get('DoSCircuitCreationBurst'),
    circuitRefuses: (config.circuitDefense || get('DoSCircuitCreationDefenseType')) === refuses,
    circuitDefenseMs: circuitMs,
    maxFullQueues: get('dos_num_circ_max_outq'),
    connectionEnabled: flag(config.connectionEnabled, 'DoSConnectionEnabled'),
    connectionMax: config.connectionMax || get('DoSConnectionMaxConcurrentCount'),
    connectionRefuses: (config.connectionDefense || get('DoSConnectionDefenseType')) === refuses,
    connectRate: config.connectRate || get('DoSConnectionConnectRate'),
    connectBurst: config.connectBurst || get('DoSConnectionConnectBurst'),
    connectDefenseMs: connectMs,
    streamEnabled: flag(config.streamEnabled, 'DoSStreamCreationEnabled'),
    streamRate: config.streamRate || get('DoSStreamCreationRate'),
    streamBurst: config.streamBurst || get('DoSStreamCreationBurst'),
    streamDefense: streamDefenses[config.streamDefense || get('DoSStreamCreationDefenseType')] ?? 'refuse',
    refuseSingleHopRendezvous: flag(config.refuseSingleHopRendezvous, 'DoSRefuseSingleHopClientRendezvous'),
  };
}
