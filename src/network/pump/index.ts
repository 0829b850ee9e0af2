export { errorToEndReason } from './end-reason.ts';
export { SocketPump } from './pump.ts';
export type { PumpDeps, PumpEnd, PumpOptions } from './types.ts';
