export type {
  AttachedStream,
  BuildTimeEvent,
  CircuitInfo,
  CircuitManager,
  CircuitManagerEvents,
  CircuitOptions,
  CircuitPurpose,
  HsState,
  Isolation,
  IsolationDimension,
  ResolveRequest,
  StreamInfo,
  StreamRequest,
} from './types.ts';
export { circuitPurposes, isolationDimensions } from './types.ts';
