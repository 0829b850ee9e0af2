import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { base16Upper, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import { sha3_256 } from '../../../../src/crypto/primitives/index.ts';
import {
  applyConsensusDiff,
  consensusDiffDigests,
  makeConsensusDiff,
  parseConsensus,
} from '../../../../src/wire/netdoc/index.ts';
import { documentNames, documentText } from '../../../support/documents.ts';
import { loadVectors } from '../../../support/vectors.ts';

const code =
  (...wanted: string[]) =>
  (error: unknown) =>
    wanted.includes((error as { code?: string }).code ?? '');
const hex = (text: string): string => base16Upper(sha3_256(fromLatin1(text)));
const signedHex = (text: string): string =>
  hex(text.slice(0, text.indexOf('\ndirectory-signature ') + '\ndirectory-signature '.length));

/** Vectors that took the whole base's digest, as a test of the reference does, with the digest of the signed part. */
const rebased = (diff: string, base: string): string => diff.replace(hex(base), signedHex(base));

const applied = loadVectors('consensus-diff', 'apply');
const base = applied[0]?.text('base') ?? '';

test('diffs of the reference give their results', () => {
  for (const vector of applied) {
    const diff = rebased(vector.text('diff'), vector.text('base'));
    assert.equal(applyConsensusDiff(vector.text('base'), diff), vector.text('result'));
    assert.equal(base16Upper(consensusDiffDigests(diff).to), hex(vector.text('result')));
  }
});

test('what the reference refuses is refused', () => {
  for (const vector of loadVectors('consensus-diff', 'refuse')) {
    const wanted = vector.text('why') === 'base digest mismatch' ? 'DIFF_MISMATCH' : 'DIFF_BAD';
    const diff = rebased(vector.text('diff'), base);
    assert.throws(() => applyConsensusDiff(base, diff), code(wanted), vector.text('why'));
  }
});

const applyTo = (script: string, to: string): string =>
  applyConsensusDiff(base, `network-status-diff-version 1\nhash ${signedHex(base)} ${hex(to)}\n${script}`);

test('commands as C tor limits them', () => {
  const lines = base.split('\n').slice(0, -1);
  const cut = `${lines.slice(0, 2).join('\n')}\n`;
  assert.equal(applyTo('3,$d\n', cut), cut);
  const added = `new\n${base}`;
  assert.equal(applyTo('0a\nnew\n.\n', added), added);
  for (const script of [
    '3,$c\nx\n.\n',
    '1,2a\nx\n.\n',
    '3,3d\n',
    '4,3d\n',
    '3x\n',
    '3dd\n',
    '3\n',
    '-3d\n',
    ' 3d\n',
    '9999999999d\n',
    `${'0'.repeat(127)}3d\n`,
    '3c\n.\n',
    '3c\nx\n',
    '3d',
    '8d\n',
  ]) {
    assert.throws(() => applyTo(script, base), code('DIFF_BAD'), script);
  }
  assert.throws(() => applyTo('3d\n', base), code('DIFF_MISMATCH'));
});

test('diffs between recorded consensuses, whatever signatures the old one has', () => {
  for (const flavor of ['cons-ns-', 'cons-md-']) {
    const texts = documentNames('network-0.4.9.11', flavor).map(documentText);
    for (const from of texts) {
      for (const to of texts) {
        const diff = makeConsensusDiff(from, to);
        assert.equal(applyConsensusDiff(from, diff), to);
        const other = `${from.slice(0, from.indexOf('\ndirectory-signature '))}\ndirectory-signature x\nobject\n`;
        assert.equal(applyConsensusDiff(other, diff), to);
        assert.ok(diff.length < to.length);
        assert.deepEqual(consensusDiffDigests(diff).from, parseConsensus(from).digests.sha3);
      }
    }
  }
});

test('a line of only a dot cannot be inserted', () => {
  assert.throws(() => makeConsensusDiff(base, `${base}.\n`), code('DIFF_BAD'));
  assert.throws(() => makeConsensusDiff(base, 'x'), code('DIFF_BAD'));
});

const id = (n: number): string => String.fromCharCode(65 + n).repeat(27);
const aDocument = fc
  .record({
    head: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }),
    relays: fc.uniqueArray(fc.nat(9), { maxLength: 8 }),
    words: fc.array(fc.constantFrom('w 1', 'w 2', 's Fast', 'm x'), { minLength: 8, maxLength: 8 }),
    signature: fc.constantFrom('', 'directory-signature x\n', 'directory-signature x y\nobject\n'),
  })
  .map(({ head, relays, words, signature }) => {
    const entries = [...relays].sort((a, b) => a - b).map((n, i) => `r name ${id(n)} x\n${words[i]}\n`);
    return `network-status-version 3\n${head.map((line) => `${line}\n`).join('')}${entries.join('')}footer\n${signature}`;
  });

test('a diff gives what it was made for', () => {
  fc.assert(
    fc.property(aDocument, aDocument, (from, to) => {
      const diff = makeConsensusDiff(from, to);
      assert.equal(applyConsensusDiff(from, diff), to);
    }),
    { numRuns: 500 },
  );
});
