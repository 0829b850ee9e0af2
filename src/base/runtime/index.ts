export { nodeRuntime } from './node/index.ts';
export type { Clock, Random, Runtime, Timer, Timers } from './runtime.ts';
