import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, fromLatin1, latin1 } from '../../../../src/base/bytes/index.ts';
import {
  encodeHttpTunnelReply,
  HttpTunnelServer,
  isLegacyProxyAuthorization,
  LocalEndReason,
  maxHttpHeaderBytes,
  type ProxyStep,
} from '../../../../src/wire/socks/index.ts';

const product = 'tropea test';
const ask = (text: string): ProxyStep => new HttpTunnelServer({ product }).push(fromLatin1(text));
const connect = (target: string, headers = ''): ProxyStep => ask(`CONNECT ${target} HTTP/1.1\r\n${headers}\r\n`);
const status = (step: ProxyStep): string => (latin1(step.reply).split('\r\n')[0] ?? '').replace('HTTP/1.0 ', '');
const isolation = (headers: string): string => {
  const step = connect('example.com:80', headers);
  assert.ok(step.status === 'request');
  return step.request.auth === undefined
    ? 'none'
    : Buffer.from(concatBytes(step.request.auth.username, Uint8Array.of(0), step.request.auth.password)).toString(
        'hex',
      );
};

test('a CONNECT gives its target, and what came behind it', () => {
  const step = ask('connect Example.com:443 HTTP/1.0\r\nHost: x\r\n\r\nearly');
  assert.ok(step.status === 'request');
  assert.equal(step.request.address, 'Example.com');
  assert.equal(step.request.port, 443);
  assert.equal(latin1(step.remainder), 'early');
  const v6 = connect('[2001:db8::1]:80');
  assert.ok(v6.status === 'request' && v6.request.port === 80);
});

test('headers keep streams apart, each of them by itself', () => {
  const seen = [
    '',
    'Proxy-Authorization: Basic dG9yOng=\r\n',
    'Tor-Stream-Isolation: a\r\n',
    'X-Tor-Stream-Isolation: a\r\n',
    'Tor-Stream-Isolation: a\r\nX-Tor-Stream-Isolation: a\r\n',
  ].map(isolation);
  assert.equal(new Set(seen).size, seen.length);
  assert.equal(seen[0], 'none');
});

test('what cannot be served is refused by the status that says why', () => {
  assert.equal(status(connect('exa_mple..com:80')), '400 Bad Request');
  assert.equal(status(connect('example.com:0')), '400 Bad Request');
  assert.equal(status(connect('example.com:65536')), '400 Bad Request');
  assert.equal(status(connect(`${'a'.repeat(256)}:80`)), '414 Request-URI Too Long');
  assert.equal(status(connect('example.com:80', 'Tor-RPC-Target: x\r\n')), '501 Not implemented (No RPC Support)');
  assert.equal(ask('CONNECT\r\n\r\n').status, 'refused');
});

test('only this machine is told that this is no full proxy', () => {
  assert.equal(status(ask('GET / HTTP/1.1\r\nHost: localhost:9080\r\n\r\n')), '405 Method Not Allowed');
  assert.equal(status(ask('OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')), '200 OK');
  assert.equal(ask('GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n').reply.length, 0);
  assert.equal(ask('GET / HTTP/1.1\r\n\r\n').reply.length, 0);
});

test('headers end somewhere, in whatever pieces they come', () => {
  const server = new HttpTunnelServer({ product });
  const text = 'CONNECT example.com:80 HTTP/1.1\r\nA: b\r\n\r\n';
  const steps = [...text].map((letter) => server.push(fromLatin1(letter)).status);
  assert.equal(steps.at(-1), 'request');
  assert.ok(steps.slice(0, -1).every((each) => each === 'more'));
  assert.equal(ask('A'.repeat(maxHttpHeaderBytes)).status, 'more');
  assert.equal(ask('A'.repeat(maxHttpHeaderBytes + 1)).status, 'refused');
  assert.equal(connect('example.com:80', `A: ${'b'.repeat(maxHttpHeaderBytes)}\r\n`).status, 'refused');
});

test('failures name their reason and where it arose', () => {
  const reply = (reason: number): string => latin1(encodeHttpTunnelReply(reason, { product }));
  assert.match(reply(0), /^HTTP\/1\.0 200 /);
  assert.doesNotMatch(reply(0), /Failed/);
  assert.match(reply(4), /Tor-Request-Failed: end\/EXITPOLICY\r\n/);
  assert.match(reply(LocalEndReason.CANT_ATTACH), /Tor-Request-Failed: c-tor\/CANT_ATTACH/);
});

test('the old ways of isolation are known', () => {
  assert.equal(isLegacyProxyAuthorization(fromLatin1('Basic dG9yOng=')), false);
  assert.equal(isLegacyProxyAuthorization(fromLatin1('Basic Zm9vOng=')), true);
  assert.equal(isLegacyProxyAuthorization(fromLatin1('Bearer x')), true);
  assert.equal(isLegacyProxyAuthorization(fromLatin1('Basic !!!')), true);
});
