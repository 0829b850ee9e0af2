import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

export const PaddingCommand = { STOP: 1, START: 2 } as const;

/** How a client asks its guard for less, more or no channel padding. spec: padding-spec 2.2 */
export interface PaddingNegotiate {
  readonly command: number;
  readonly timeoutLowMs: number;
  readonly timeoutHighMs: number;
}

/** Version (1) = 0, command (1), ito_low_ms (2), ito_high_ms (2). */
export function encodePaddingNegotiate(message: PaddingNegotiate): Uint8Array {
  return new Writer(6).u8(0).u8(message.command).u16(message.timeoutLowMs).u16(message.timeoutHighMs).finish();
}

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodePaddingNegotiate(body: Uint8Array): PaddingNegotiate {
  const reader = new Reader(body);
  const version = reader.u8();
  if (version !== 0) throw new TorError('VALUE_OUT_OF_RANGE', 'PADDING_NEGOTIATE version', { facts: { version } });
  const command = reader.u8();
  if (command !== PaddingCommand.STOP && command !== PaddingCommand.START) {
    throw new TorError('VALUE_OUT_OF_RANGE', 'PADDING_NEGOTIATE command', { facts: { command } });
  }
  return { command, timeoutLowMs: reader.u16(), timeoutHighMs: reader.u16() };
}
