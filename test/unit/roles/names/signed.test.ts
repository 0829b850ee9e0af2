import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { base64, fromUtf8 } from '../../../../src/base/bytes/index.ts';
import { ed25519Sign } from '../../../../src/crypto/primitives/index.ts';
import { formatCard, formatSignedList, parseCard, parseSignedList } from '../../../../src/roles/names/index.ts';
import { addedMs, codec, service } from './support.ts';

const alice = service(2);
const mallory = service(66);
const time = new Date(addedMs).toISOString();
const untrusted = { code: 'NAME_SIGNED_INVALID' };

/** Signs whatever it is told, as an attacker may with a key of their own. */
function sign(lines: readonly string[], key = alice.key): string {
  const text = `${lines.join('\n')}\n`;
  return `${text}signature ${base64(ed25519Sign(fromUtf8(text), key))}\n`;
}
const listOf = (...names: readonly string[]): string =>
  sign(['tropea-names 1', `address ${alice.address}.onion`, `time ${time}`, ...names]);
const cardOf = (nickname: string): string =>
  sign(['tropea-card 1', `address ${alice.address}.onion`, `nickname ${nickname}`, `time ${time}`]);

describe('a card', () => {
  test('is read as it was written, also with line ends of other systems', () => {
    const card = { address: alice.address, nickname: 'Zoë’s "shop" 🧅', signedMs: addedMs };
    const text = formatCard(card, alice.key);
    assert.deepEqual(parseCard(text, codec), card);
    assert.deepEqual(parseCard(text.replaceAll('\n', '\r\n'), codec), card);
  });

  test('every changed character is noticed', () => {
    const text = formatCard({ address: alice.address, nickname: 'shop', signedMs: addedMs }, alice.key);
    // The last character of the base64 has bits that are not used, and the end may be without its line feed.
    for (let at = 0; at < text.length - 5; at++) {
      const changed = text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1);
      assert.throws(() => parseCard(changed, codec), /./, `character ${at}`);
    }
  });

  test('the key of another signs nothing', () => {
    const lines = ['tropea-card 1', `address ${alice.address}.onion`, 'nickname "alice"', `time ${time}`];
    assert.equal(parseCard(sign(lines), codec).nickname, 'alice');
    assert.throws(() => parseCard(sign(lines, mallory.key), codec), untrusted);
  });

  test('nicknames that a terminal would act on are refused', () => {
    for (const nickname of [
      '"\\u001b[2J"',
      '"\u009b2J"',
      '"\\u202egnp"',
      '"a\\u2028b"',
      '"\u200b"',
      '"\\ud800"',
      '7',
      '"x',
      `"${'x'.repeat(61)}"`,
    ]) {
      assert.throws(() => parseCard(cardOf(nickname), codec), untrusted, nickname);
    }
    assert.throws(() => formatCard({ address: alice.address, nickname: 'a\nb', signedMs: 0 }, alice.key), {
      code: 'NAME_INVALID',
    });
  });
});

describe('a list of names', () => {
  test('is read as it was written', () => {
    const names = new Map([
      ['bob', service(1).address],
      ['zoë', service(3).address],
    ]);
    const list = { from: alice.address, signedMs: addedMs, names };
    assert.deepEqual(parseSignedList(formatSignedList(list, alice.key), codec), list);
  });

  test('a card is no list, and the other way round', () => {
    assert.throws(() => parseSignedList(cardOf('"alice"'), codec), untrusted);
    assert.throws(() => parseCard(listOf(), codec), untrusted);
  });

  test('well signed, but malicious', () => {
    const { address } = service(1);
    const bad = [
      ['mixed scripts', `name p\u0430ypal ${address}.onion`],
      ['control characters', `name b\u001b[31mob ${address}.onion`],
      ['right to left', `name bo\u202eb ${address}.onion`],
      ['a reserved name', `name onion ${address}.onion`],
      ['two labels', `name bob.alice ${address}.onion`],
      ['a path', `name ../bob ${address}.onion`],
      ['not an onion address', 'name bob example.com'],
      ['a long line', `name ${'b'.repeat(5000)} ${address}.onion`],
      ['another kind of line', 'list x'],
      ['an empty line', ''],
    ] as const;
    for (const [why, line] of bad) {
      assert.throws(
        () => parseSignedList(listOf(line), codec),
        (error: Error & { code?: string }) => error.code === untrusted.code && !/\p{C}/u.test(error.message),
        why,
      );
    }
    const wrongSum = `${address.slice(0, 20)}${address[20] === 'a' ? 'b' : 'a'}${address.slice(21)}`;
    assert.throws(() => parseSignedList(listOf(`name bob ${wrongSum}.onion`), codec), {
      code: 'ONION_ADDRESS_INVALID',
    });
    const twice = [`name bob ${address}.onion`, `name BOB ${mallory.address}.onion`];
    assert.throws(() => parseSignedList(listOf(...twice), codec), untrusted);
  });

  test('too long, or with too many names', () => {
    const many = Array.from({ length: 10_001 }, (_, i) => `name n${i} ${alice.address}.onion`);
    assert.throws(() => parseSignedList(listOf(...many), codec), untrusted);
    assert.throws(() => parseSignedList('x'.repeat(1024 * 1024 + 1), codec), untrusted);
  });

  test('text around the signature is not taken', () => {
    const good = listOf(`name bob ${service(1).address}.onion`);
    assert.equal(parseSignedList(good, codec).names.size, 1);
    for (const text of [
      `${good}name eve ${mallory.address}.onion\n`,
      `x\n${good}`,
      good.replace(/signature .*/, ''),
      good.replace('==', ''),
    ]) {
      assert.throws(() => parseSignedList(text, codec), untrusted);
    }
  });

  test('what is signed twice over counts as its last signer says', () => {
    const inner = listOf(`name bob ${service(1).address}.onion`);
    assert.throws(() => parseSignedList(sign(inner.trimEnd().split('\n'), mallory.key), codec), untrusted);
  });
});
