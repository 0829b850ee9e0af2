import { type ErrorCode, TorError } from '../../../base/errors/index.ts';
import type { CongestionParams, CreateAnswer, RelayKeys } from '../../../protocol/circuit/index.ts';

/** What the threads tell each other: everything survives a structured clone. */
export interface Settings {
  readonly keys: RelayKeys;
  readonly congestion: CongestionParams;
  readonly cgo: boolean;
}

export interface Job {
  readonly id: number;
  readonly command: number;
  readonly body: Uint8Array;
}

export interface Jobs {
  /** Only when they are not those of the message before. */
  readonly settings: Settings | undefined;
  readonly jobs: readonly Job[];
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface Result {
  readonly id: number;
  readonly answer?: CreateAnswer;
  readonly failure?: Failure;
}

export function failureOf(error: unknown): Failure {
  const { code, message } = TorError.from(error);
  return { code, message };
}

export const errorOf = ({ code, message }: Failure): TorError => new TorError(code, message);
