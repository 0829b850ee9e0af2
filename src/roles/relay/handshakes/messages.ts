import { type ErrorCode, TorError } from '../../../base/errors/index.ts';
import type { CongestionParams, RelayKeys } from '../../../protocol/circuit/index.ts';

/** What the threads tell each other: everything survives a structured clone. */
export interface Settings {
  readonly keys: RelayKeys;
  readonly congestion: CongestionParams;
  readonly cgo: boolean;
}

export interface Jobs {
  /** Only when they are not those of the message before. */
  readonly settings: Settings | undefined;
  readonly count: number;
  /** See `records.ts`; moves to the other thread and comes back with the answers. */
  readonly records: Uint8Array;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What became of the jobs of one message, in their order. */
export interface Results {
  readonly count: number;
  readonly records: Uint8Array;
  /** Of all that were answered, one after the other: their circuits share them. */
  readonly keys: Uint8Array;
  /** Of those that were not. */
  readonly failures: readonly Failure[];
}

/** What a thread says first. */
export const noResults: Results = {
  count: 0,
  records: new Uint8Array(0),
  keys: new Uint8Array(0),
  failures: [],
};

export function failureOf(error: unknown): Failure {
  const { code, message } = TorError.from(error);
  return { code, message };
}

export const errorOf = ({ code, message }: Failure): TorError => new TorError(code, message);
