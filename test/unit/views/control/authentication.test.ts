import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { base16Upper, concatBytes, fromBase16, fromUtf8 } from '../../../../src/base/bytes/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import { hmacSha256, s2kRfc2440 } from '../../../../src/crypto/primitives/index.ts';
import { Authentication } from '../../../../src/views/control/authentication.ts';
import { AuthCookie } from '../../../../src/views/control/cookie.ts';
import { ControlFailure } from '../../../../src/views/control/failure.ts';
import { loadOptions } from '../../../../src/wire/torrc/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'tropea-cookie-'));
after(() => rmSync(folder, { recursive: true }));

const specifier = concatBytes(new Uint8Array(8).fill(7), Uint8Array.of(96));
const hashed = `16:${base16Upper(concatBytes(specifier, s2kRfc2440(fromUtf8('a secret'), specifier)))}`;

function authentication(torrc: string, cookie?: AuthCookie): Authentication {
  const { options } = loadOptions({ torrc });
  return new Authentication({ options: () => options, cookie: () => cookie, random: nodeRuntime.random });
}
const makeCookie = (): AuthCookie => AuthCookie.create(loadOptions({}).options, folder, nodeRuntime.random);
const refused = (code: number) => (error: unknown) => error instanceof ControlFailure && error.code === code;

test('with no method configured everybody is let in', () => {
  const open = authentication('');
  assert.equal(open.methods(), 'METHODS=NULL');
  open.check('');
  open.check('"anything"');
});

test('a password, quoted or in hexadecimal', () => {
  const auth = authentication(`HashedControlPassword ${hashed}`);
  assert.equal(auth.methods(), 'METHODS=HASHEDPASSWORD');
  auth.check('"a secret"');
  auth.check(base16Upper(fromUtf8('a secret')));
  assert.throws(() => auth.check('"a secre"'), refused(515));
  assert.throws(() => auth.check(''), refused(515));
  assert.throws(() => auth.check('secret'), refused(551));
  assert.throws(() => auth.check('"a" "b"'), refused(512));
});

test('the cookie is made anew, for its owner alone', () => {
  const first = makeCookie();
  const second = makeCookie();
  assert.notDeepEqual(first.value, second.value);
  assert.deepEqual(new Uint8Array(readFileSync(second.path)), second.value);
  assert.equal(statSync(second.path).mode & 0o777, 0o600);
  const auth = authentication('', second);
  assert.match(auth.methods(), /^METHODS=COOKIE,SAFECOOKIE COOKIEFILE=".*control_auth_cookie"$/);
  auth.check(base16Upper(second.value));
  assert.throws(() => auth.check(base16Upper(first.value)), refused(515));
  assert.throws(() => auth.check(''), refused(515));
});

test('SAFECOOKIE proves both sides, and nothing else will do afterwards', () => {
  const cookie = makeCookie();
  const auth = authentication('', cookie);
  const clientNonce = new Uint8Array(32).fill(9);
  const reply = auth.challenge(`SAFECOOKIE ${base16Upper(clientNonce)}`);
  const [, serverHash = '', serverNonce = ''] =
    /SERVERHASH=([0-9A-F]{64}) SERVERNONCE=([0-9A-F]{64})$/.exec(reply) ?? [];
  const message = concatBytes(cookie.value, clientNonce, fromBase16(serverNonce));
  const hmac = (key: string): string => base16Upper(hmacSha256(fromUtf8(key), message));
  assert.equal(serverHash, hmac('Tor safe cookie authentication server-to-controller hash'));
  assert.throws(() => auth.check(base16Upper(cookie.value)), refused(515));
  auth.check(hmac('Tor safe cookie authentication controller-to-server hash'));
});

test('a challenge that makes no sense', () => {
  const auth = authentication('', makeCookie());
  assert.throws(() => auth.challenge('COOKIE 00'), refused(513));
  assert.throws(() => auth.challenge('SAFECOOKIE'), refused(512));
  assert.throws(() => auth.challenge('SAFECOOKIE 0g'), refused(513));
  assert.throws(() => authentication('').challenge('SAFECOOKIE 00'), refused(515));
});
