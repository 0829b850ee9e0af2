import { TorError } from '../../../base/errors/index.ts';
import type { CreateAnswer } from '../../../protocol/circuit/index.ts';
import { cellBodyLength } from '../../../wire/cell/index.ts';

/**
 * Many handshakes in one block that goes to another thread and comes back: an object for each costs more to pass than a
 * fifth of the handshake. A request is its command and body; an answer is
 *
 *   answered (1)  command (1)  flags (1)  sendmeInc (1)  length of body (2)  length of keys (2)  body
 */
export const recordLength = 8 + cellBodyLength;

const flag = { cgo: 1, fast: 2, congestion: 4 } as const;

export interface JobRecord {
  readonly command: number;
  readonly body: Uint8Array;
}

export function writeJob(records: Uint8Array, index: number, { command, body }: JobRecord): void {
  const at = index * recordLength;
  const data = body.subarray(0, cellBodyLength);
  records[at] = command;
  records[at + 1] = data.length >>> 8;
  records[at + 2] = data.length;
  records.set(data, at + 8);
}

/** The body is a view. */
export function readJob(records: Uint8Array, index: number): JobRecord {
  const at = index * recordLength;
  const length = ((records[at + 1] as number) << 8) | (records[at + 2] as number);
  return { command: records[at] as number, body: records.subarray(at + 8, at + 8 + length) };
}

/** `undefined` stands for a failure. */
export function writeAnswer(records: Uint8Array, index: number, answer: CreateAnswer | undefined): void {
  const at = index * recordLength;
  records[at] = answer === undefined ? 0 : 1;
  if (answer === undefined) return;
  const { body, keys } = answer;
  if (body.length > cellBodyLength) throw new TorError('INTERNAL', 'an answer longer than a cell');
  records[at + 1] = answer.command;
  records[at + 2] =
    (answer.cgo ? flag.cgo : 0) |
    (answer.fast ? flag.fast : 0) |
    (answer.sendmeInc === undefined ? 0 : flag.congestion);
  records[at + 3] = answer.sendmeInc ?? 0;
  records[at + 4] = body.length >>> 8;
  records[at + 5] = body.length;
  records[at + 6] = keys.length >>> 8;
  records[at + 7] = keys.length;
  records.set(body, at + 8);
}

/** Reads what `writeAnswer` wrote; the keys begin at `keysAt`. Body and keys are views. */
export function readAnswer(
  records: Uint8Array,
  index: number,
  keys: Uint8Array,
  keysAt: number,
): CreateAnswer | undefined {
  const at = index * recordLength;
  if (records[at] === 0) return undefined;
  const u16 = (from: number): number => ((records[from] as number) << 8) | (records[from + 1] as number);
  const flags = records[at + 2] as number;
  return {
    command: records[at + 1] as number,
    body: records.subarray(at + 8, at + 8 + u16(at + 4)),
    keys: keys.subarray(keysAt, keysAt + u16(at + 6)),
    cgo: (flags & flag.cgo) !== 0,
    fast: (flags & flag.fast) !== 0,
    sendmeInc: (flags & flag.congestion) === 0 ? undefined : records[at + 3],
  };
}
