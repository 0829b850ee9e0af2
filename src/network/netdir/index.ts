export type { HopTarget } from '../../protocol/circuit/index.ts';
export { bridgeRelay, type DescriptorLookup, NetDirBuilder } from './builder.ts';
export type { DirInfoOptions } from './dir-info.ts';
export { type FamilyMember, FamilyTable, noFamily, type RelayFamily } from './family.ts';
export { FlagTable, type RelayFlags } from './flags.ts';
export { GeoIp } from './geoip.ts';
export { HashRing, type RingKey } from './hash-ring.ts';
export { isNickname, parseRelayName, type RelayName } from './names.ts';
export {
  type ConsensusParams,
  consensusParams,
  defaultParams,
  type ParamInfo,
  type ParamName,
  paramTable,
} from './params.ts';
export { PortPolicy, rejectAllPorts } from './port-policy.ts';
export type { OrAddress, Relay } from './relay.ts';
export { type DescriptorPart, RelayEntry, type RelayParts } from './relay-entry.ts';
export { type CountryLookup, RouterSet } from './router-set.ts';
export { type NetDirOptions, Snapshot, type SnapshotParts } from './snapshot.ts';
export {
  disasterSrv,
  hsDirIndex,
  hsIndex,
  isBetweenPeriodAndSrv,
  type PeriodRules,
  periodNumberAt,
  periodRules,
  periodStartSec,
  sharedRandomRunStartSec,
} from './time-period.ts';
export type { DirInfoStatus, HsDirRings, NetDir, ResponsibleHsDirsRequest, SharedRandomValue } from './types.ts';
export { chooseRelay, isUsable, type RelayChoice, type RelayNeeds } from './usable.ts';
export { type BandwidthWeightName, type BandwidthWeights, bandwidthWeightNames, type Position } from './weights.ts';
