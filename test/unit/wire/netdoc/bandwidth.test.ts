import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16Upper, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import { sha256 } from '../../../../src/crypto/primitives/index.ts';
import { parseBandwidthFile } from '../../../../src/wire/netdoc/index.ts';
import { documentText } from '../../../support/documents.ts';

test('a file of version 1.0 has no headers but its time', () => {
  const text = documentText('bandwidth_file_v1.0.txt');
  const file = parseBandwidthFile(text);
  assert.deepEqual(file.headers, [`timestamp=${(file.timestampMs as number) / 1000}`]);
  assert.equal(file.lines.length, text.split('\n').filter((line) => line.includes('node_id=')).length);
  assert.deepEqual(file.digest, sha256(fromLatin1(text)));
});

test('a file of version 1.4 with headers', () => {
  const text = documentText('bandwidth_file_v1.4.txt');
  const file = parseBandwidthFile(text);
  assert.equal(file.headers[1], 'version=1.4.0');
  assert.ok(file.headers.every((header) => header.includes('=')));
  assert.ok(file.headers.length > 5);
  const [first] = file.lines;
  const line = text.split('\n').find((each) => each.includes('node_id='));
  assert.ok(line?.includes(`node_id=$${base16Upper(first?.rsaId as Uint8Array)}`));
  assert.ok(line?.includes(`bw=${first?.bandwidth}`));
});

const id = 'A'.repeat(40);
const lines = (...each: string[]) => parseBandwidthFile(`1000\n=====\n${each.join('')}`);

test('lines as C tor takes them', () => {
  const [line] = lines(`bw=7\tnode_id=$${id}\n`).lines;
  assert.equal(line?.bandwidth, 7);
  assert.equal(lines(`bw=7 node_id=${id} vote=1 unmeasured=1\n`).lines.length, 1);
  for (const bad of [
    `bw=7 node_id=${id}`,
    `bw=7 node_id=${id} vote=0\n`,
    `bw=7 bw=8 node_id=${id}\n`,
    `bw=x node_id=${id}\n`,
    `bw=7 node_id=${id.slice(1)}\n`,
    `node_id=${id}\n`,
    'bw=7\n',
    '\n',
  ]) {
    assert.deepEqual([lines(bad).lines.length, lines(bad).unusedLines], [0, 1], bad);
  }
});

test('headers end with the terminator or the first line of a relay, and are counted', () => {
  const file = parseBandwidthFile(`5\na=1\nno header\nb=2 3\nc=\nbw=1 node_id=${id}\nd=4\n`);
  assert.deepEqual(file.headers, ['timestamp=5', 'a=1', 'c=']);
  const many = parseBandwidthFile(`5\n${'k=v\n'.repeat(60)}=====\n`);
  assert.equal(many.headers.length, 50);
});

test('a file without a time is of no use', () => {
  for (const text of ['', 'x\nbw=1', '-5\n', `12345 node_id=${id} bw=1\n`, '12345']) {
    const file = parseBandwidthFile(text);
    assert.equal(file.timestampMs, undefined);
    assert.equal(file.lines.length, 0);
  }
});
