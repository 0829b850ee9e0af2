export type { PumpDeps, PumpEnd, PumpOptions, SocketPump } from './types.ts';
