import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { fromLatin1, latin1 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { decompressBody } from '../../../../src/network/directory/compression.ts';
import { encodeHttpRequest, httpDate, parseHttpDate } from '../../../../src/network/directory/http-request.ts';
import { HttpResponseReader, maxBodyBytes, maxHeaderBytes } from '../../../../src/network/directory/http-response.ts';

const hasCode = (code: string) => (error: unknown) => TorError.is(error) && error.code === code;
const options = { encoding: undefined, maxBytes: 1 << 26, allowPartial: false, anonymous: false } as const;
const document = fromLatin1(`network-status-version 3 microdesc\n${'x'.repeat(4000)}\n`);

test('a request is written as C tor writes it', () => {
  const text = latin1(
    encodeHttpRequest(
      {
        method: 'GET',
        path: '/tor/keys/all',
        ifModifiedSinceMs: Date.UTC(2026, 10, 21, 7, 3, 9),
        headers: { 'X-Or-Diff-From-Consensus': 'AB' },
      },
      '127.0.0.1:5000',
    ),
  );
  assert.match(
    text,
    /^GET \/tor\/keys\/all HTTP\/1\.0\r\nHost: 127\.0\.0\.1:5000\r\nIf-Modified-Since: Sat, 21 Nov 2026 07:03:09 GMT\r\nAccept-Encoding: (x-zstd, )?deflate, gzip, identity\r\nX-Or-Diff-From-Consensus: AB\r\n\r\n$/,
  );
});

test('an anonymous request tells nothing of what we decompress; a POST has its length', () => {
  const text = latin1(
    encodeHttpRequest(
      {
        method: 'POST',
        path: '/tor/hs/3/publish',
        compression: 'identity',
        body: fromLatin1('abc'),
      },
      '127.0.0.1:5000',
    ),
  );
  assert.equal(text, 'POST /tor/hs/3/publish HTTP/1.0\r\nHost: 127.0.0.1:5000\r\nContent-Length: 3\r\n\r\nabc');
});

test('a line break cannot be smuggled into a request', () => {
  assert.throws(() => encodeHttpRequest({ method: 'GET', path: '/a\r\nX: y' }, 'h'), hasCode('INTERNAL'));
});

test('HTTP dates go both ways', () => {
  const timeMs = Date.UTC(2027, 0, 2, 3, 4, 5);
  assert.equal(httpDate(timeMs), 'Sat, 02 Jan 2027 03:04:05 GMT');
  assert.equal(parseHttpDate(httpDate(timeMs)), timeMs);
  for (const text of ['Sat, 2 Jan 2027 3:04:05 UTC', 'Sat Jan  2 03:04:05 2027', 'x, 02 jan 2027 03:04:05']) {
    assert.equal(parseHttpDate(text), timeMs, text);
  }
  const none = [
    'yesterday',
    '',
    '2027-01-02 03:04:05',
    'Saturday, 02-Jan-27 03:04:05 GMT',
    'Sat, 42 Jan 2027 03:04:05 GMT',
  ];
  for (const text of none) assert.equal(parseHttpDate(text), undefined, text);
});

test('an answer is read whatever way it is cut', () => {
  const whole = fromLatin1('HTTP/1.0 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello and more');
  for (let cut = 1; cut < whole.length; cut++) {
    const reader = new HttpResponseReader();
    reader.push(whole.slice(0, cut));
    reader.push(whole.slice(cut));
    assert.equal(reader.complete, true);
    const { head, body } = reader.finish(false);
    assert.equal(head.status, 200);
    assert.equal(head.reason, 'OK');
    assert.equal(head.headers.get('date'), 'x');
    assert.equal(latin1(body), 'hello');
  }
});

test('without Content-Length the end of the stream ends the body', () => {
  const reader = new HttpResponseReader();
  reader.push(fromLatin1('HTTP/1.0 404 Not found\r\n\r\nabc'));
  assert.equal(reader.complete, false);
  assert.equal(latin1(reader.finish(false).body), 'abc');
});

test('what C tor refuses is refused with a typed error', () => {
  const read = (text: string, allowPartial = false) => {
    const reader = new HttpResponseReader();
    reader.push(fromLatin1(text));
    return reader.finish(allowPartial);
  };
  assert.throws(() => read('HTTP/1.0 200 OK\r\n'), hasCode('DIR_HTTP'));
  assert.throws(() => read('HTTP/2 200 OK\r\n\r\n'), hasCode('DIR_HTTP'));
  assert.throws(() => read('HTTP/1.0 099 OK\r\n\r\n'), hasCode('DIR_HTTP'));
  assert.throws(() => read('GET / HTTP/1.0\r\n\r\n'), hasCode('DIR_HTTP'));
  assert.throws(() => read('HTTP/1.0 200 OK\r\nContent-Length: 5x\r\n\r\n'), hasCode('DIR_HTTP'));
  assert.throws(() => read('HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nabc'), hasCode('DIR_HTTP'));
  assert.equal(latin1(read('HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nabc', true).body), 'abc');
  assert.throws(() => read(`HTTP/1.0 200 OK\r\n${'a'.repeat(maxHeaderBytes)}`), hasCode('DIR_HTTP'));
});

test('an endless body is cut off', () => {
  const reader = new HttpResponseReader();
  reader.push(fromLatin1('HTTP/1.0 200 OK\r\n\r\n'));
  const chunk = new Uint8Array(1 << 20);
  assert.throws(() => {
    for (let sent = 0; sent <= maxBodyBytes + chunk.length; sent += chunk.length) reader.push(chunk);
  }, hasCode('DIR_TOO_LARGE'));
});

test('every encoding that we name is understood, and so is a wrong label', async () => {
  assert.deepEqual(await decompressBody(document, options), document);
  assert.deepEqual(await decompressBody(document, { ...options, encoding: 'identity' }), document);
  assert.deepEqual(await decompressBody(deflateSync(document), { ...options, encoding: 'deflate' }), document);
  assert.deepEqual(await decompressBody(gzipSync(document), { ...options, encoding: 'x-gzip' }), document);
  assert.deepEqual(await decompressBody(gzipSync(document), { ...options, encoding: 'deflate' }), document);
  assert.deepEqual(await decompressBody(deflateSync(document), { ...options, encoding: 'identity' }), document);
  assert.deepEqual(await decompressBody(deflateSync(document), { ...options, encoding: 'x-unheard-of' }), document);
  assert.deepEqual(await decompressBody(document, { ...options, encoding: 'deflate' }), document);
});

test('concatenated streams are one document', async () => {
  const half = document.length >> 1;
  const both = Buffer.concat([deflateSync(document.subarray(0, half)), deflateSync(document.subarray(half))]);
  assert.deepEqual(await decompressBody(both, { ...options, encoding: 'deflate' }), document);
});

test('truncated and broken data is an error, unless parts are of use', async () => {
  const packed = deflateSync(document, { level: 1 });
  const cut = packed.subarray(0, packed.length - 8);
  await assert.rejects(decompressBody(cut, { ...options, encoding: 'deflate' }), hasCode('DIR_COMPRESSION'));
  const part = await decompressBody(cut, { ...options, encoding: 'deflate', allowPartial: true });
  assert.ok(part.length > 0 && latin1(document).startsWith(latin1(part)));
  const broken = Uint8Array.from(packed, (byte, i) => (i === 5 ? byte ^ 0xff : byte));
  await assert.rejects(decompressBody(broken, { ...options, encoding: 'deflate' }), hasCode('DIR_COMPRESSION'));
  const junk = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 0xff);
  await assert.rejects(decompressBody(junk, options), hasCode('DIR_COMPRESSION'));
});

test('a compression bomb is given up, in one stream or in many', async () => {
  const isBomb = (error: unknown) => hasCode('DIR_COMPRESSION')(error) && TorError.from(error).facts.bomb === true;
  const bomb = deflateSync(new Uint8Array(6 << 20));
  await assert.rejects(decompressBody(bomb, { ...options, encoding: 'deflate' }), isBomb);
  const small = deflateSync(new Uint8Array(4 << 20));
  assert.equal((await decompressBody(small, { ...options, encoding: 'deflate' })).length, 4 << 20);
  await assert.rejects(decompressBody(Buffer.concat([small, small]), { ...options, encoding: 'deflate' }), isBomb);
});

test('zstd is refused where nobody should know what we can do', async () => {
  const zstd = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, ...new Array<number>(40).fill(0)]);
  await assert.rejects(
    decompressBody(zstd, { ...options, encoding: 'x-zstd', anonymous: true }),
    hasCode('DIR_COMPRESSION'),
  );
});
