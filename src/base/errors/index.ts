export { type CodeInfo, type ErrorCode, type ErrorKind, errorCodes } from './codes.ts';
export { type Facts, invariant, systemErrorCode, TorError, type TorErrorOptions } from './tor-error.ts';
