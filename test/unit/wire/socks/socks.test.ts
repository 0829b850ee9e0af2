import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromBase16, fromLatin1, latin1 } from '../../../../src/base/bytes/index.ts';
import {
  encodeResolveReply,
  encodeSocksReply,
  isValidDestination,
  type ProxyStep,
  SocksServer,
  type SocksServerOptions,
  SocksStatus,
} from '../../../../src/wire/socks/index.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const ask = (bytes: Uint8Array, options?: SocksServerOptions): ProxyStep => new SocksServer(options).push(bytes);

function asked(step: ProxyStep) {
  assert.equal(step.status, 'request');
  assert.ok(step.status === 'request');
  return step;
}

function refused(step: ProxyStep) {
  assert.equal(step.status, 'refused');
  assert.ok(step.status === 'refused');
  return step;
}

const socks4 = (command: number, port: number, ip: readonly number[], ...strings: string[]): Uint8Array =>
  concatBytes(
    Uint8Array.of(4, command, port >> 8, port & 255, ...ip),
    ...strings.map((each) => fromLatin1(`${each}\0`)),
  );
const greeting = Uint8Array.of(5, 1, 0);
const named = (command: number, name: string, port: number): Uint8Array =>
  concatBytes(Uint8Array.of(5, command, 0, 3, name.length), fromLatin1(name), Uint8Array.of(port >> 8, port & 255));

describe('SOCKS 4', () => {
  it('connects to an address, with the user name for isolation', () => {
    const { request, reply } = asked(ask(socks4(1, 80, [192, 0, 2, 1], 'me')));
    assert.deepEqual(
      { ...request, auth: latin1(request.auth?.username ?? new Uint8Array()) },
      { protocol: 'socks4', command: 'connect', address: '192.0.2.1', port: 80, addressIsIp: true, auth: 'me' },
    );
    assert.equal(reply.length, 0);
  });

  it('takes a name (4a) and hands over what came behind it', () => {
    const step = asked(ask(concatBytes(socks4(1, 443, [0, 0, 0, 7], '', 'example.com'), fromLatin1('early'))));
    assert.equal(step.request.address, 'example.com');
    assert.equal(step.request.addressIsIp, false);
    assert.equal(step.request.auth, undefined);
    assert.equal(latin1(step.remainder), 'early');
  });

  it('resolves with port 0, and refuses to connect to it', () => {
    assert.equal(asked(ask(socks4(0xf0, 0, [0, 0, 0, 1], '', 'example.com'))).request.command, 'resolve');
    assert.equal(hex(refused(ask(socks4(1, 0, [0, 0, 0, 1], '', 'example.com'))).reply), '005b000000000000');
  });

  it('refuses RESOLVE_PTR, BIND and names that are too long or no names', () => {
    assert.equal(refused(ask(socks4(0xf1, 80, [1, 2, 3, 4], ''))).refusal, 'bad-command');
    assert.equal(refused(ask(socks4(2, 80, [1, 2, 3, 4], ''))).refusal, 'bad-command');
    assert.equal(refused(ask(socks4(9, 80, [1, 2, 3, 4], ''))).refusal, 'malformed');
    assert.equal(refused(ask(socks4(1, 80, [0, 0, 0, 1], '', 'a'.repeat(256)))).refusal, 'too-long');
    assert.equal(refused(ask(socks4(1, 80, [0, 0, 0, 1], '', 'exa mple'))).refusal, 'bad-hostname');
  });
});

describe('SOCKS 5', () => {
  it('prefers user names, or no authentication when told so', () => {
    assert.equal(hex(ask(Uint8Array.of(5, 2, 0, 2)).reply), '0502');
    assert.equal(hex(ask(Uint8Array.of(5, 2, 0, 2), { preferNoAuth: true }).reply), '0500');
    assert.equal(hex(ask(greeting).reply), '0500');
    assert.equal(hex(refused(ask(Uint8Array.of(5, 1, 1))).reply), '05ff');
  });

  it('answers each step of a pipelined handshake', () => {
    const login = concatBytes(Uint8Array.of(1, 2), fromLatin1('ab'), Uint8Array.of(1), fromLatin1('c'));
    const step = asked(ask(concatBytes(Uint8Array.of(5, 1, 2), login, named(1, 'example.com', 80))));
    assert.equal(hex(step.reply), '05020100');
    assert.equal(latin1(step.request.auth?.username ?? new Uint8Array()), 'ab');
    assert.equal(latin1(step.request.auth?.password ?? new Uint8Array()), 'c');
  });

  it('takes the longest names and passwords', () => {
    const login = concatBytes(
      Uint8Array.of(1, 255),
      new Uint8Array(255).fill(97),
      Uint8Array.of(255),
      new Uint8Array(255),
    );
    const { request } = asked(ask(concatBytes(Uint8Array.of(5, 1, 2), login, named(1, 'b', 1))));
    assert.equal(request.auth?.username.length, 255);
    assert.equal(request.auth?.password.length, 255);
  });

  it('keeps extensions of the user name to itself', () => {
    const login = (name: string): Uint8Array =>
      concatBytes(Uint8Array.of(5, 1, 2, 1, name.length), fromLatin1(name), Uint8Array.of(0), named(1, 'b', 1));
    assert.equal(refused(ask(login('<torS0X>1'))).refusal, 'unknown-extension');
    assert.equal(refused(ask(login('<torS0X>'))).refusal, 'unknown-extension');
    assert.equal(ask(login('<torS0X>0')).status, 'request');
  });

  it('reads every kind of address', () => {
    const v4 = asked(ask(concatBytes(greeting, Uint8Array.of(5, 1, 0, 1, 192, 0, 2, 1, 0, 80)))).request;
    assert.deepEqual([v4.address, v4.addressIsIp], ['192.0.2.1', true]);
    const v6 = asked(
      ask(
        concatBytes(
          greeting,
          fromBase16('05010004'),
          fromBase16('20010db8000000000000000000000001'),
          Uint8Array.of(1, 0),
        ),
      ),
    );
    assert.deepEqual([v6.request.address, v6.request.port], ['[2001:db8::1]', 256]);
    assert.equal(asked(ask(concatBytes(greeting, named(0xf1, '192.0.2.1', 0)))).request.command, 'resolve-ptr');
  });

  it('refuses with the reply that says why', () => {
    const reply = (bytes: Uint8Array): number | undefined => refused(ask(concatBytes(greeting, bytes))).reply[2 + 1];
    assert.equal(reply(named(2, 'example.com', 80)), SocksStatus.commandNotSupported);
    assert.equal(reply(named(0xf1, 'example.com', 80)), SocksStatus.addressTypeNotSupported);
    assert.equal(reply(named(1, 'exa mple', 80)), SocksStatus.generalFailure);
    assert.equal(reply(Uint8Array.of(5, 1, 0, 2, 1, 1)), SocksStatus.generalFailure);
  });

  it('tells HTTP clients that this is no HTTP proxy', () => {
    const step = refused(ask(fromLatin1('GET / HTTP/1.1\r\n\r\n')));
    assert.equal(step.refusal, 'unknown-version');
    assert.match(latin1(step.reply), /^HTTP\/1\.0 501 /);
    assert.equal(refused(ask(Uint8Array.of(0x16, 3, 1))).reply.length, 0);
  });
});

describe('any handshake', () => {
  const whole = [
    socks4(1, 443, [0, 0, 0, 7], 'me', 'example.com'),
    concatBytes(greeting, named(1, 'example.com', 80)),
    concatBytes(Uint8Array.of(5, 2, 0, 2, 1, 1, 65, 1, 66), named(0xf0, 'example.com', 0)),
  ];

  it('means the same in whatever pieces it comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...whole), fc.array(fc.nat(40)), (bytes, cuts) => {
        const server = new SocksServer();
        const replies: Uint8Array[] = [];
        let last: ProxyStep | undefined;
        const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        for (let i = 1; i < places.length; i++) {
          last = server.push(bytes.subarray(places[i - 1], places[i]));
          replies.push(last.reply);
        }
        const once = asked(ask(bytes));
        assert.ok(last !== undefined);
        assert.deepEqual(asked(last).request, once.request);
        assert.equal(hex(concatBytes(...replies)), hex(once.reply));
      }),
    );
  });

  it('ends within bounds, whatever comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(4, 5, 1), fc.uint8Array({ minLength: 600, maxLength: 700 }), (first, bytes) => {
        const server = new SocksServer();
        server.push(Uint8Array.of(first));
        const step = server.push(bytes);
        assert.notEqual(step.status, 'more');
      }),
    );
  });
});

describe('replies', () => {
  it('to CONNECT have the family of the connection', () => {
    assert.equal(hex(encodeSocksReply('socks5', SocksStatus.succeeded)), '05000001000000000000');
    assert.equal(encodeSocksReply('socks5', SocksStatus.onionNotFound, { clientIsIpv4: false }).length, 22);
    assert.equal(hex(encodeSocksReply('socks4', SocksStatus.succeeded)), '005a000000000000');
  });

  it('to RESOLVE carry what was found', () => {
    const ip = Uint8Array.of(192, 0, 2, 1);
    assert.equal(hex(encodeResolveReply('socks5', { kind: 'address', ip })), '05000001c00002010000');
    assert.equal(hex(encodeResolveReply('socks4', { kind: 'address', ip })), '005a0000c0000201');
    assert.equal(
      hex(encodeResolveReply('socks5', { kind: 'hostname', name: fromLatin1('a.b') })),
      '0500000303612e620000',
    );
    assert.equal(hex(encodeResolveReply('socks5', undefined)), '05040000000000000000');
    assert.equal(hex(encodeResolveReply('socks4', { kind: 'address', ip: new Uint8Array(16) })), '005b000000000000');
  });
});

describe('destinations', () => {
  it('are names and addresses, not what looks like them', () => {
    for (const good of [
      'a',
      'a.b.',
      'x_y.example',
      '1.2.3.4',
      '[::1]',
      '::1',
      '[example.com]',
      '3com.com',
      'xn--bcher-kva.de',
    ]) {
      assert.ok(isValidDestination(good), good);
    }
    for (const bad of ['', '.', 'a..b', '-a', 'a b', 'a/b', 'a:80', 'exämple', '[', 'a\0b', '.a']) {
      assert.ok(!isValidDestination(bad), bad);
    }
  });
});
