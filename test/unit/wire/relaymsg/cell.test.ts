import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import {
  carriesStreamId,
  isKnownRelayCommand,
  maxDataLength,
  maxMessageLength,
  messageOffset,
  type RelayCellFormat,
  RelayCommand,
  RelayHeader,
  relayCommandName,
  writeRelayCell,
} from '../../../../src/wire/relaymsg/index.ts';

const { random } = nodeRuntime;
const commands = Object.values(RelayCommand);
const format = fc.constantFrom<RelayCellFormat>(0, 1);

test('a written cell reads back, padding is four zeros and then noise', () => {
  fc.assert(
    fc.property(
      format,
      fc.constantFrom(...commands),
      fc.integer({ min: 1, max: 65535 }),
      fc.uint8Array({ maxLength: 498 }),
      (version, command, id, bytes) => {
        const message = bytes.subarray(0, maxMessageLength(version, command));
        const streamId = version === 1 && !carriesStreamId(command) ? 0 : id;
        const cell = new Uint8Array(509).fill(0xee);
        writeRelayCell(cell, version, command, streamId, message, random);
        const header = new RelayHeader();
        assert.ok(header.read(cell, version));
        assert.equal(header.command, command);
        assert.equal(header.streamId, streamId);
        assert.equal(header.offset, messageOffset(version, command));
        const end = header.offset + header.length;
        assert.deepEqual(cell.subarray(header.offset, end), message);
        assert.ok(cell.subarray(end, end + 4).every((byte) => byte === 0));
        if (509 - end > 40) assert.ok(new Set(cell.subarray(end + 4)).size > 10, 'random padding');
        const untouched = version === 0 ? [...cell.subarray(1, 3), ...cell.subarray(5, 9)] : [...cell.subarray(0, 16)];
        assert.ok(
          untouched.every((byte) => byte === 0),
          'room for recognized, digest and tag',
        );
      },
    ),
  );
});

test('sizes are those of C tor', () => {
  assert.deepEqual([maxDataLength(0), maxDataLength(1)], [498, 488]);
  assert.equal(maxMessageLength(0, RelayCommand.EXTEND2), 498);
  assert.equal(maxMessageLength(1, RelayCommand.EXTEND2), 490);
  assert.equal(maxMessageLength(1, RelayCommand.BEGIN), 488);
});

test('a length beyond the cell is refused in both versions', () => {
  const header = new RelayHeader();
  const cell = new Uint8Array(509);
  cell[0] = RelayCommand.DATA;
  cell[9] = 1;
  cell[10] = 499 - 256;
  assert.equal(header.read(cell, 0), false);
  cell[10] = 498 - 256;
  assert.equal(header.read(cell, 0), true);
  cell.fill(0);
  cell[16] = RelayCommand.DATA;
  cell[17] = 1;
  cell[18] = 489 - 256;
  assert.equal(header.read(cell, 1), false);
  cell[16] = RelayCommand.SENDME;
  assert.equal(header.read(cell, 1), true);
  cell[18] = 491 - 256;
  assert.equal(header.read(cell, 1), false);
});

test('an unknown command is malformed in version 1 and readable in version 0', () => {
  const header = new RelayHeader();
  const cell = new Uint8Array(509);
  cell[0] = 200;
  cell[16] = 200;
  assert.equal(header.read(cell, 0), true);
  assert.equal(header.command, 200);
  assert.equal(header.read(cell, 1), false);
  assert.equal(isKnownRelayCommand(200), false);
  assert.equal(relayCommandName(200), '200');
  assert.equal(relayCommandName(2), 'DATA');
});
