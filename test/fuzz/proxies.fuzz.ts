import assert from 'node:assert/strict';
import { concatBytes, fromLatin1 } from '../../src/base/bytes/index.ts';
import {
  HttpTunnelServer,
  isValidDestination,
  maxHttpHeaderBytes,
  maxSocksMessageBytes,
  type ProxyHandshake,
  type ProxyStep,
  SocksServer,
} from '../../src/wire/socks/index.ts';

export const name = 'proxies';

/** What an application sends to a proxy's port, whole and cut in two: the same request, or the same refusal. */
export function fuzz(data: Uint8Array): void {
  same(() => new SocksServer(), data, maxSocksMessageBytes);
  same(() => new HttpTunnelServer({ product: 'tropea' }), data, maxHttpHeaderBytes);
}

function same(make: () => ProxyHandshake, data: Uint8Array, limit: number): void {
  const whole = make().push(data);
  const machine = make();
  const cut = data.length >> 1;
  const first = machine.push(data.subarray(0, cut));
  const last = first.status === 'more' ? machine.push(data.subarray(cut)) : first;
  assert.equal(last.status, whole.status);
  if (whole.status === 'request') {
    assert.ok(last.status === 'request');
    assert.deepEqual(last.request, whole.request);
    assert.ok(whole.request.port >= 0 && whole.request.port <= 65535);
    assert.ok(isValidDestination(whole.request.address));
    if (last !== first) assert.deepEqual(concatBytes(first.reply, last.reply), whole.reply);
  }
  if (whole.status === 'more') assert.ok(data.length <= limit + handshakeAhead(whole));
}

/** Greeting and login before the message that is waited for. */
const handshakeAhead = (step: ProxyStep): number => (step.reply.length > 0 ? 257 + 513 : 0);

export const seeds = (): Uint8Array[] => [
  Uint8Array.of(4, 1, 0, 80, 0, 0, 0, 1, 65, 0, 97, 46, 98, 0),
  Uint8Array.of(5, 2, 0, 2, 1, 1, 65, 1, 66, 5, 1, 0, 3, 3, 97, 46, 98, 0, 80, 1, 2, 3),
  Uint8Array.of(5, 1, 0, 5, 0xf1, 0, 1, 192, 0, 2, 1, 0, 0),
  Uint8Array.of(5, 1, 0, 5, 1, 0, 4, ...new Uint8Array(15), 1, 1, 187),
  fromLatin1('CONNECT example.com:443 HTTP/1.1\r\nProxy-Authorization: Basic dG9yOng=\r\n\r\nxyz'),
  fromLatin1('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
];
