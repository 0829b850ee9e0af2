export type { FlowParams } from './flow-params.ts';
export { backlogLimitBytes, halfClosedMs, streamWindow, streamWindowIncrement } from './limits.ts';
export type { StreamPort } from './port.ts';
export type {
  AcceptResolve,
  AcceptStream,
  IncomingStream,
  Stream,
  StreamBegin,
  StreamEnd,
  StreamHandler,
  StreamState,
} from './stream.ts';
export { StreamDuplex, type StreamDuplexOptions } from './stream-duplex.ts';
export type { StreamTableSettings } from './stream-owner.ts';
export { StreamTable, type StreamTableDeps, type StreamTableEvents } from './stream-table.ts';
