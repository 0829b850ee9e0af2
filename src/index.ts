export * from './app/library/index.ts';
export { type ErrorCode, type ErrorKind, type Facts, TorError } from './base/errors/index.ts';
export type { LogRecord, Severity } from './base/log/index.ts';
export type { CircuitPurpose } from './network/circuits/index.ts';
export type { OnionClientEvents, OnionServiceEvents } from './roles/onion/index.ts';
