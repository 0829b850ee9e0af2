export type { CircuitMaker } from './builder.ts';
export { channelParams, circuitParams } from './consensus-params.ts';
export type { PathSource } from './launcher.ts';
export { type ChannelCircuitMakerDeps, channelCircuitMaker } from './maker.ts';
export { PooledCircuitManager } from './manager.ts';
export type { CircuitManagerDeps, CircuitManagerOptions, LiveCircuitOptions } from './manager-options.ts';
export type {
  AttachedStream,
  BuildTimeEvent,
  CircuitInfo,
  CircuitManager,
  CircuitManagerEvents,
  CircuitOptions,
  CircuitProgress,
  CircuitPurpose,
  CircuitTarget,
  DirTarget,
  HsState,
  Isolation,
  IsolationDimension,
  ResolveRequest,
  SteeringProblem,
  StreamInfo,
  StreamRequest,
  StreamSteering,
} from './types.ts';
export { circuitPurposes, isolationDimensions } from './types.ts';
