export { type ClientConfluxOptions, linkConflux } from './conflux/client-set.ts';
export { type ConfluxLimits, ExitConfluxSets } from './conflux/exit-sets.ts';
export { type ConfluxOptions, ConfluxSet } from './conflux/set.ts';
export type { ExtendRequest } from './extend-request.ts';
export type { AwaitOptions } from './inbox.ts';
export {
  answerRequest,
  type CircuitRequest,
  type CircuitSettings,
  isAcceptableSendmeInc,
  readAnswer,
  requestFor,
  type ServerAnswer,
} from './negotiate.ts';
export { OriginCircuit } from './origin-circuit.ts';
export type { OriginCircuitDeps, OriginCircuitOptions } from './origin-circuit-options.ts';
export {
  type CircuitParams,
  type CongestionParams,
  type CongestionPath,
  defaultCircuitParams,
  type VegasParams,
} from './params.ts';
export {
  RelayCircuit,
  type RelayCircuitDeps,
  type RelayCircuitOptions,
  type RelayCircuitRole,
} from './relay-circuit.ts';
export { answerCreate, type CreateAnswer, type RelayKeys } from './server-handshake.ts';
export type {
  CircuitClosed,
  CircuitCounters,
  CircuitEvents,
  CircuitMessage,
  CircuitState,
  CongestionView,
  ExtendOptions,
  Hop,
  HopTarget,
  VirtualHopOptions,
} from './types.ts';
