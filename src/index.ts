export * from './app/library/index.ts';
export { type ErrorCode, type ErrorKind, TorError } from './base/errors/index.ts';
