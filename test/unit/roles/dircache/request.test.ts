import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fromLatin1, latin1 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { acceptedEncodings, bestEncoding } from '../../../../src/roles/dircache/negotiate.ts';
import { maxHeaderBytes, RequestReader, type ServerRequest } from '../../../../src/roles/dircache/request.ts';
import { base64Digests, digestPairs, hexDigests } from '../../../../src/roles/dircache/resource.ts';

const limits = { maxBodyBytes: 1000 };
const read = (text: string): ServerRequest | undefined => new RequestReader(limits).push(fromLatin1(text));
const hasCode = (code: string) => (error: unknown) => TorError.is(error) && error.code === code;

describe('requests', () => {
  it('are read whatever way they are cut', () => {
    const whole = fromLatin1('POST /tor/ HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello, and more');
    for (let cut = 1; cut < whole.length; cut++) {
      const reader = new RequestReader(limits);
      const request = reader.push(whole.slice(0, cut)) ?? reader.push(whole.slice(cut));
      assert.equal(request?.method, 'POST');
      assert.equal(request?.path, '/tor/');
      assert.equal(request?.headers.get('host'), 'a');
      assert.equal(latin1(request?.body ?? new Uint8Array(0)), 'hello');
    }
  });

  it('may name the host before the path', () => {
    assert.equal(read('GET http://a:80/tor/x HTTP/1.0\r\n\r\n')?.path, '/tor/x');
    assert.equal(read('GET https://a/tor/x HTTP/1.1\r\n\r\n')?.path, '/tor/x');
    assert.equal(read('get /tor/x HTTP/1.0\r\n\r\n')?.method, 'GET');
  });

  it('are always for something below /tor/', () => {
    assert.equal(read('GET /robots.txt HTTP/1.0\r\n\r\n')?.path, '/tor/robots.txt');
    assert.equal(read('GET keys/all HTTP/1.0\r\n\r\n')?.path, '/tor/keys/all');
    assert.equal(read('GET / HTTP/1.0\r\n\r\n')?.path, '/tor/');
  });

  it('tell the length of their body as C reads numbers', () => {
    for (const length of ['5', ' 5', '+5', '005', '5 ']) {
      const request = read(`POST /tor/ HTTP/1.0\r\nContent-Length: ${length}\r\n\r\nhello, and more`);
      assert.equal(latin1(request?.body ?? new Uint8Array(0)), 'hello', length);
    }
  });

  it('without a readable request line have no path', () => {
    for (const line of ['GET /x', 'GET /x HTTP/2.0', 'GET', 'GET /x HTTP/1.0 more', 'GETHTTP/1.0']) {
      assert.equal(read(`${line}\r\n\r\n`)?.path, '', line);
    }
  });

  it('that are none are closed without an answer', () => {
    assert.throws(() => read('HEAD / HTTP/1.0\r\n\r\n'), hasCode('DIR_HTTP'));
    assert.throws(() => read('\0\0\r\n\r\n'), hasCode('DIR_HTTP'));
    for (const length of ['-1', '5x', '', '99999999999', '2147483648']) {
      const request = `POST / HTTP/1.0\r\nContent-Length: ${length}\r\n\r\n`;
      assert.throws(() => read(request), hasCode('DIR_HTTP'), length);
    }
  });

  it('have limits', () => {
    const reader = new RequestReader(limits);
    const chunk = new Uint8Array(10_000).fill(65);
    assert.throws(() => {
      for (let i = 0; i < 7; i++) reader.push(chunk);
    }, hasCode('DIR_TOO_LARGE'));
    const long = `GET / HTTP/1.0\r\nX: ${'a'.repeat(maxHeaderBytes)}\r\n\r\n`;
    assert.throws(() => read(long), hasCode('DIR_TOO_LARGE'));
    assert.throws(() => read('POST / HTTP/1.0\r\nContent-Length: 1001\r\n\r\n'), hasCode('DIR_TOO_LARGE'));
    assert.throws(() => read(`GET / HTTP/1.0\r\n\r\n${'a'.repeat(1001)}`), hasCode('DIR_TOO_LARGE'));
  });

  it('of any bytes give a request, nothing yet, or a typed error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (chunks) => {
        const reader = new RequestReader(limits);
        try {
          for (const chunk of [fromLatin1('GET '), ...chunks]) reader.push(chunk);
        } catch (error) {
          assert.ok(TorError.is(error) && error.kind !== 'bug');
        }
      }),
    );
  });
});

describe('names in paths', () => {
  it('that are none are left out; the rest is sorted, each once', () => {
    const [a, b] = ['0A'.repeat(20), 'ff'.repeat(20)];
    assert.deepEqual(
      hexDigests(`${b}+${a}+soup+${a.toLowerCase()}+`).map((digest) => digest[0]),
      [10, 255],
    );
    assert.deepEqual(digestPairs(`${a}-${b}+${a}+${a}-x`).length, 1);
    const key = `${'A'.repeat(42)}E`;
    assert.equal(base64Digests(`${key}-${key}-${'A'.repeat(42)}B-${key}=`).length, 1, 'no bits beyond 32 bytes');
  });
});

describe('encodings', () => {
  const best = (header: string | undefined, dotZ = false): string => bestEncoding(acceptedEncodings(header, dotZ));
  it('are chosen in the order of C tor', () => {
    assert.equal(best(undefined), 'identity');
    assert.equal(best(undefined, true), 'deflate');
    assert.equal(best('gzip'), 'gzip');
    assert.equal(best('gzip, deflate'), 'deflate');
    assert.equal(best('x-gzip', true), 'deflate');
    assert.equal(best('br,soup'), 'identity');
    assert.equal(best(' identity '), 'identity');
  });
});
