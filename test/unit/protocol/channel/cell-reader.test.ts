import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../../../../src/base/bytes/index.ts';
import { CellReader, type CellSink } from '../../../../src/protocol/channel/cell-reader.ts';
import { cell, variableCell } from './harness.ts';

class Collector implements CellSink {
  readonly cells: string[] = [];
  chunks = 0;
  limit = 0xffff;
  reader: CellReader | undefined;
  onCell: () => void = () => undefined;

  fixed(circuit: number, command: number, data: Uint8Array, bodyAt: number): void {
    this.cells.push(`${circuit >>> 0} ${command} ${data.subarray(bodyAt, bodyAt + 509).join()}`);
    this.onCell();
  }
  variable(circuit: number, command: number, whole: Uint8Array, bodyAt: number): void {
    this.cells.push(`${circuit >>> 0} ${command} v${whole.subarray(bodyAt).join()}`);
    this.onCell();
  }
  bodyLimit(): number {
    return this.limit;
  }
  oversized(command: number, length: number): void {
    this.cells.push(`oversized ${command} ${length}`);
  }
  chunkEnd(): void {
    this.chunks++;
  }
}

const anyCell = fc.oneof(
  fc.record({
    circuit: fc.nat({ max: 0xffffffff }),
    command: fc.integer({ min: 0, max: 6 }),
    fill: fc.nat({ max: 255 }),
  }),
  fc.record({
    circuit: fc.nat({ max: 0xffffffff }),
    command: fc.constantFrom(7, 128, 129, 255),
    body: fc.uint8Array({ maxLength: 2000 }),
  }),
);

describe('CellReader', () => {
  it('finds the same cells however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyCell, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 40 }),
        (cells, cuts) => {
          const encoded = cells.map((one) =>
            'fill' in one
              ? cell(one.circuit, one.command, new Uint8Array(509).fill(one.fill))
              : variableCell(one.command, one.body, { circId: one.circuit }),
          );
          const stream = concatBytes(...encoded);
          const whole = new Collector();
          const wholeReader = new CellReader(whole);
          wholeReader.useWideIds();
          wholeReader.push(stream);
          assert.equal(whole.cells.length, cells.length);
          const pieces = new Collector();
          const reader = new CellReader(pieces);
          reader.useWideIds();
          let at = 0;
          for (const cut of cuts) {
            reader.push(stream.subarray(at, at + cut));
            at += cut;
          }
          reader.push(stream.subarray(at));
          assert.deepEqual(pieces.cells, whole.cells);
          assert.equal(pieces.chunks, cuts.length + 1);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('reads two-byte ids until told otherwise', () => {
    const sink = new Collector();
    const reader = new CellReader(sink);
    sink.onCell = () => reader.useWideIds();
    const versions = variableCell(7, Uint8Array.of(0, 5), { idLength: 2, circId: 3 });
    reader.push(concatBytes(versions, variableCell(129, Uint8Array.of(9), { circId: 0x01020304 })));
    assert.deepEqual(sink.cells, ['3 7 v0,5', '16909060 129 v9']);
  });

  it('tells a body over the limit as soon as its header is there, and stops', () => {
    const sink = new Collector();
    sink.limit = 100;
    const reader = new CellReader(sink);
    reader.useWideIds();
    reader.push(variableCell(129, new Uint8Array(100)));
    reader.push(Uint8Array.of(0, 0, 0, 0, 129, 0));
    assert.equal(sink.cells.length, 1);
    reader.push(Uint8Array.of(101));
    reader.push(cell(1, 3));
    assert.deepEqual(sink.cells.slice(1), ['oversized 129 101']);
  });

  it('stops in mid-chunk when told', () => {
    const sink = new Collector();
    const reader = new CellReader(sink);
    reader.useWideIds();
    sink.onCell = () => reader.stop();
    reader.push(concatBytes(cell(1, 3), cell(2, 3)));
    reader.push(cell(3, 3));
    assert.equal(sink.cells.length, 1);
    assert.equal(sink.chunks, 0);
  });

  it('hands out views into the chunk, not copies', () => {
    const chunk = concatBytes(cell(1, 3), cell(2, 3));
    const seen: Uint8Array[] = [];
    const sink = new Collector();
    sink.fixed = (_circuit, _command, data) => seen.push(data);
    const reader = new CellReader(sink);
    reader.useWideIds();
    reader.push(chunk);
    assert.deepEqual(
      seen.map((data) => data === chunk),
      [true, true],
    );
  });
});
