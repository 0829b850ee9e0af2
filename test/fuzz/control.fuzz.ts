import assert from 'node:assert/strict';
import { fromUtf8 } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import { CommandReader, endReply, parseArguments, valueReply } from '../../src/wire/control/index.ts';

export const name = 'control';

/** What a controller sends, whole and in two pieces, and what its words do to our replies. */
export function fuzz(data: Uint8Array): void {
  const whole = readAll([data]);
  const cut = data.length >> 1;
  assert.deepEqual(readAll([data.subarray(0, cut), data.subarray(cut)]), whole);
  for (const command of whole ?? []) {
    try {
      parseArguments(command.rest);
    } catch (error) {
      if (!TorError.is(error) || error.code !== 'CONTROL_SYNTAX') throw error;
    }
    assert.match(endReply(552, command.rest), /^552 [^\r\n]*\r\n$/);
    const reply = valueReply(250, 'k', command.data ?? command.rest);
    assert.ok(reply.endsWith('\r\n') && !/\r\n\.\r\n./s.test(reply));
  }
}

function readAll(pieces: readonly Uint8Array[]) {
  const reader = new CommandReader({ maxBytes: 4096 });
  try {
    return pieces.flatMap((piece) => reader.push(piece));
  } catch (error) {
    if (!TorError.is(error) || error.code !== 'CONTROL_SYNTAX') throw error;
    return undefined;
  }
}

export const seeds = (): Uint8Array[] =>
  [
    'PROTOCOLINFO 1\r\nAUTHENTICATE "a\\"b\\\\c"\r\n',
    '+LOADCONF\r\nSocksPort 9150\r\n..x\r\n.\r\nQUIT\r\n',
    'SETCONF Log="notice file /x y" SocksPort=1\n',
    'ADD_ONION NEW:BEST Flags=Detach,DiscardPK Port=80,127.0.0.1:8080 ClientAuthV3=AAAA\r\n',
  ].map(fromUtf8);
