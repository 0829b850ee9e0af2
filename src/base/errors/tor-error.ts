import { type ErrorCode, type ErrorKind, errorCodes } from './codes.ts';

export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

export interface TorErrorOptions {
  readonly facts?: Facts;
  readonly cause?: unknown;
}

/** The only error class that leaves a room. `code` is stable; `message` is for people; `facts` are for logs. */
export class TorError extends Error {
  override readonly name = 'TorError';
  readonly code: ErrorCode;
  readonly facts: Facts;

  constructor(code: ErrorCode, message?: string, options: TorErrorOptions = {}) {
    super(message ?? errorCodes[code].summary, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.facts = options.facts ?? {};
  }

  get kind(): ErrorKind {
    return errorCodes[this.code].kind;
  }

  /** What happened and what to do, as sentences. */
  get advice(): string {
    return `${this.message}${/[.!?]$/.test(this.message) ? '' : '.'} ${this.fix}`;
  }

  /** What the user can do next. */
  get fix(): string {
    return errorCodes[this.code].fix;
  }

  /** Survives two copies of this package in one process, which `instanceof` does not. */
  static is(error: unknown): error is TorError {
    return error instanceof Error && error.name === 'TorError' && 'code' in error;
  }

  /** Any thrown value as a TorError; what is not one already is our bug. */
  static from(error: unknown, code: ErrorCode = 'INTERNAL'): TorError {
    if (TorError.is(error)) return error;
    return new TorError(code, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** States a fact the code relies on; a failure is our bug, never a peer's doing. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new TorError('INTERNAL', message);
}

/**
 * What Node.js calls a failure of the system, such as ENOENT. Not by `instanceof`: in a test runner that gives each file a
 * realm of its own, errors of Node.js are of another.
 */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
