export type { FlowParams } from './flow-params.ts';
export type { AcceptStream, IncomingStream, Stream, StreamBegin, StreamEnd, StreamHandler, StreamState } from './stream.ts';
