export { type ConsensusParams, type ParamInfo, type ParamName, paramTable } from './params.ts';
export { PortPolicy, rejectAllPorts } from './port-policy.ts';
export type { HopTarget, OrAddress, Relay, RelayFlags } from './relay.ts';
export type { DirInfoStatus, NetDir, Position, ResponsibleHsDirsRequest, SharedRandomValue } from './types.ts';
export { type BandwidthWeightName, type BandwidthWeights, bandwidthWeightNames } from './weights.ts';
