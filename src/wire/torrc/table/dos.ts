import { option } from './option.ts';

export const dosOptions = {
  CompiledProofOfWorkHash: option('autobool', 'auto', { inert: 'proof-of-work programs are always interpreted' }),
  DoSCircuitCreationBurst: option('posint', '0'),
  DoSCircuitCreationDefenseTimePeriod: option('interval', '0'),
  DoSCircuitCreationDefenseType: option('int', '0'),
  DoSCircuitCreationEnabled: option('autobool', 'auto'),
  DoSCircuitCreationMinConnections: option('posint', '0'),
  DoSCircuitCreationRate: option('posint', '0'),
  DoSConnectionConnectBurst: option('posint', '0'),
  DoSConnectionConnectDefenseTimePeriod: option('interval', '0'),
  DoSConnectionConnectRate: option('posint', '0'),
  DoSConnectionDefenseType: option('int', '0'),
  DoSConnectionEnabled: option('autobool', 'auto'),
  DoSConnectionMaxConcurrentCount: option('posint', '0'),
  DoSRefuseSingleHopClientRendezvous: option('autobool', 'auto'),
  DoSStreamCreationBurst: option('posint', '0'),
  DoSStreamCreationDefenseType: option('int', '0'),
  DoSStreamCreationEnabled: option('autobool', 'auto'),
  DoSStreamCreationRate: option('posint', '0'),
} as const;
