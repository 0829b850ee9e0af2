export { errorToEndReason, tcpFailureReason } from './end-reason.ts';
export { SocketPump } from './pump.ts';
export { SharedReader } from './shared-reader.ts';
export { SocketDuplex } from './socket-duplex.ts';
export type { PumpDeps, PumpEnd, PumpOptions } from './types.ts';
