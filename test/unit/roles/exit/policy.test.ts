import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatIpHost, parseIp } from '../../../../src/base/ip/index.ts';
import { ExitPolicy } from '../../../../src/roles/exit/index.ts';
import { expandRules } from '../../../../src/roles/exit/policy/rules.ts';
import { type PolicyRule, summarizePolicy } from '../../../../src/wire/netdoc/index.ts';
import { parseAddressPolicy } from '../../../../src/wire/torrc/index.ts';
import { exitConfigOf as configOf } from '../../../support/exit-parts.ts';

interface Case {
  readonly name: string;
  readonly torrc: readonly string[];
  readonly full: readonly string[];
  /** Bridges publish theirs elsewhere. */
  readonly descriptor?: readonly string[];
}

const { cases } = JSON.parse(readFileSync(new URL('../../../vectors/exit-policies.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
};

const ip = (text: string): Uint8Array => parseIp(text) ?? assert.fail(text);
const own = { advertised: [ip('198.51.100.7')], local: [] };
const policyOf = (...lines: string[]): ExitPolicy => ExitPolicy.fromConfig(configOf(lines).policy, own);

/** As C tor writes rules into descriptors. */
function lineOf({ accept, address, lowPort, highPort }: PolicyRule): string {
  const six = address.kind === 'any6' || (address.kind === 'net' && address.address.length === 16);
  const bits = address.kind === 'net' && address.bits < address.address.length * 8 ? `/${address.bits}` : '';
  const host = address.kind === 'net' ? formatIpHost(address.address) + bits : '*';
  const ports =
    lowPort === 1 && highPort === 65535 ? '*' : lowPort === highPort ? `${lowPort}` : `${lowPort}-${highPort}`;
  return `${accept ? 'accept' : 'reject'}${six ? '6' : ''} ${host}:${ports}`;
}

describe('policies as C tor makes them of the same torrc', () => {
  for (const { name, torrc, full, descriptor } of cases) {
    test(name, () => {
      const policy = policyOf(...torrc);
      const rules = policy.rejectsEverything ? ['reject *:*'] : policy.rules.map(lineOf);
      assert.deepEqual(rules, full);
      const shown = policy.descriptorRules.map(lineOf);
      const six = policy.ipv6Summary;
      const ranges: string[] = [];
      for (let i = 0; six !== undefined && i < six.ranges.length; i += 2) {
        const [low, high] = [six.ranges[i], six.ranges[i + 1]];
        ranges.push(low === high ? `${low}` : `${low}-${high}`);
      }
      const lines = shown.length === 0 ? ['reject *:*'] : shown;
      if (six !== undefined) lines.push(`ipv6-policy ${six.accepts ? 'accept' : 'reject'} ${ranges.join(',')}`);
      if (descriptor !== undefined) assert.deepEqual(lines, descriptor);
    });
  }
});

test('ExitRelay auto is an exit only when something about exits was written', () => {
  assert.ok(policyOf().rejectsEverything);
  assert.ok(!policyOf('IPv6Exit 1').rejectsEverything);
  assert.ok(!policyOf('ReducedExitPolicy 1').rejectsEverything);
  assert.ok(policyOf('ExitRelay 0', 'ReducedExitPolicy 1').rejectsEverything);
});

test('addresses: private, our own, IPv4 inside IPv6, the unspecified one', () => {
  const policy = policyOf('IPv6Exit 1', 'ExitPolicy accept *:80,reject *:*');
  const takes = (address: string, port = 80): boolean => policy.accepts(ip(address), port);
  assert.ok(takes('93.184.216.34'));
  assert.ok(takes('2606:2800::1'));
  assert.ok(!takes('93.184.216.34', 81));
  for (const address of ['127.0.0.1', '10.1.2.3', '198.51.100.7', '0.0.0.0', '::1', 'fe80::1', '::ffff:10.0.0.1']) {
    assert.ok(!takes(address), address);
  }
  const open = policyOf('IPv6Exit 1', 'ExitPolicyRejectPrivate 0', 'ExitPolicy reject 10.0.0.1:*,accept *:*');
  assert.ok(open.accepts(ip('127.0.0.1'), 25));
  assert.ok(!open.accepts(ip('::ffff:10.0.0.1'), 80), 'a mapped address is judged as IPv4 too');
});

test('local interfaces are refused when asked for, private ones are left to reject private', () => {
  const { policy } = configOf(['ExitRelay 1', 'ExitPolicyRejectLocalInterfaces 1', 'ExitPolicyRejectPrivate 0']);
  const made = ExitPolicy.fromConfig(policy, { advertised: [], local: [ip('203.0.113.9'), ip('192.168.1.1')] });
  assert.ok(!made.accepts(ip('203.0.113.9'), 80));
  assert.ok(made.accepts(ip('192.168.1.1'), 80));
  assert.ok(made.accepts(ip('203.0.113.10'), 80));
});

test('accept6 and reject6 are for IPv6 alone; before anything else they are passed over', () => {
  const said: string[] = [];
  const rules = parseAddressPolicy(['accept6 1.2.3.4:80,accept6 *4:81,reject6 [::1]:82,accept *:83'], (text) =>
    said.push(text),
  );
  assert.deepEqual(
    rules.map(({ families, minPort }) => [families, minPort]),
    [
      ['ipv6', 82],
      ['both', 83],
    ],
  );
  assert.equal(said.length, 2);
  assert.match(said[0] ?? '', /^IPv4 address '1\.2\.3\.4:80' with accept6\/reject6 field type/);
});

describe('IPv4 summaries', () => {
  const summary = (line: string): string => summarizePolicy(expandRules(parseAddressPolicy([line])), 4);
  const expected: readonly (readonly [string, string])[] = [
    ['accept *:*', 'accept 1-65535'],
    ['reject *:*', 'reject 1-65535'],
    ['reject 1.0.0.0/8:80,reject 2.0.0.0/8:80,accept *:*', 'accept 1-65535'],
    ['reject 1.0.0.0/8:80,reject 2.0.0.0/8:80,reject 3.3.3.3:80,accept *:*', 'reject 80'],
    ['accept 1.2.3.4:80,reject *:*', 'reject 1-65535'],
    ['accept *:80,accept *:81,accept *:443,reject *:*', 'accept 80-81,443'],
    ['reject private:*,accept *:*', 'accept 1-65535'],
    ['reject *:1,reject *:3-65535,accept *:*', 'accept 2'],
  ];
  for (const [line, text] of expected) test(line, () => assert.equal(summary(line), text));

  test('a summary that is too long is cut at a comma', () => {
    const ports = Array.from({ length: 400 }, (_, i) => `accept *:${10_000 + 2 * i}`);
    const text = summary(`${ports.join(',')},reject *:*`);
    assert.ok(text.length <= 1000 && text.startsWith('accept 10000,10002,'), text);
    assert.match(text, /,\d{5}$/);
  });
});

test('taking redundant rules out never changes an answer', () => {
  const octet = fc.constantFrom(1, 2, 128);
  const target = fc.oneof(
    fc.constant('*'),
    fc.constant('*4'),
    fc.tuple(octet, octet, fc.constantFrom(8, 9, 16, 32)).map(([a, b, bits]) => `${a}.${b}.0.0/${bits}`),
  );
  const ports = fc.constantFrom('*', '80', '1-100', '80-90', '100-65535');
  const rule = fc.tuple(fc.constantFrom('accept', 'reject'), target, ports).map(([a, b, c]) => `${a} ${b}:${c}`);
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 12 }),
      octet,
      octet,
      fc.constantFrom(1, 80, 90, 100, 65535),
      (lines, a, b, port) => {
        const all = expandRules(parseAddressPolicy(lines));
        const address = Uint8Array.of(a, b, 0, 0);
        const policy = new ExitPolicy(all);
        const first = all.find(
          ({ address: at, lowPort, highPort }) =>
            port >= lowPort &&
            port <= highPort &&
            (at.kind === 'any4' ||
              (at.kind === 'net' &&
                at.address.every((byte, i) => {
                  const kept = Math.max(0, Math.min(8, at.bits - 8 * i));
                  return ((byte ^ (address[i] ?? 0)) & (0xff00 >> kept) & 0xff) === 0;
                }))),
        );
        assert.equal(policy.accepts(address, port), first?.accept ?? true);
      },
    ),
  );
});
