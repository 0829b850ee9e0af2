export { OriginCircuit, type OriginCircuitDeps, type OriginCircuitOptions } from './origin-circuit.ts';
export type { CircuitParams, CongestionParams, CongestionPath, VegasParams } from './params.ts';
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
