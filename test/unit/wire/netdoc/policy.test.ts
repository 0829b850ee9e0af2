import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIp } from '../../../../src/base/ip/index.ts';
import {
  expandPrivate,
  formatDescriptorRule,
  type PolicyRule,
  parseDescriptorRule,
  summarizePolicy,
} from '../../../../src/wire/netdoc/index.ts';
import { formatPortSummary, parsePortSummary } from '../../../../src/wire/netdoc/meta/fields.ts';

/** Rules as descriptors write them, one after the other with commas between. */
const rules = (text: string): PolicyRule[] =>
  text.split(',').map((line) => {
    const [verb, pattern = ''] = line.trim().split(' ');
    const rule = parseDescriptorRule(verb === 'accept', pattern);
    assert.ok(rule, line);
    return rule;
  });

test('summaries as C tor makes them', () => {
  for (const [policy, summary] of [
    ['accept *:*', 'accept 1-65535'],
    ['reject *:*', 'reject 1-65535'],
    ['accept *:80,accept *:443,reject *:*', 'accept 80,443'],
    ['reject *:25,accept *:*', 'reject 25'],
    // Less than two /8 rejected does not count; more than two does.
    ['reject 11.0.0.0/9:80,reject 12.0.0.0/9:80,reject 13.0.0.0/9:80,accept *:*', 'accept 1-65535'],
    ['reject 11.0.0.0/8:80,reject 12.0.0.0/8:80,reject 13.0.0.0/9:80,accept *:*', 'reject 80'],
    ['reject private:*,accept *:*', 'accept 1-65535'],
    ['reject 192.168.0.0/16:*,accept *:80,reject *:*', 'accept 80'],
    // Accepting only some addresses counts for nothing.
    ['accept 11.0.0.0/8:80,reject *:*', 'reject 1-65535'],
    ['accept *:1-9,accept *:10-20,reject *:*', 'accept 1-20'],
    // What is rejected first stays rejected.
    ['reject *:80,accept *:80-81,reject *:*', 'accept 81'],
    ['reject *:1-1024,accept *:*', 'reject 1-1024'],
    ['accept *:1025-65535', 'reject 1-1024'],
    ['reject 0.0.0.0/1:80,accept *:*', 'reject 80'],
  ] as const) {
    assert.equal(summarizePolicy(rules(policy), 4), summary, policy);
  }
});

test('summaries of IPv6 count networks of 64 bits', () => {
  const net = (text: string, bits: number): PolicyRule => ({
    accept: false,
    address: { kind: 'net', address: parseIp(text) as Uint8Array, bits },
    lowPort: 25,
    highPort: 25,
  });
  const accept: PolicyRule = { accept: true, address: { kind: 'any' }, lowPort: 1, highPort: 65535 };
  assert.equal(summarizePolicy([net('2001::', 16), accept], 6), 'accept 1-65535');
  assert.equal(summarizePolicy([net('2001::', 16), net('2002::', 64), accept], 6), 'reject 25');
  assert.equal(summarizePolicy([net('2001::', 16), net('2002::', 65), accept], 6), 'accept 1-65535');
  assert.equal(summarizePolicy([net('2001::', 15), accept], 4), 'accept 1-65535');
});

test('a summary is no longer than a thousand characters', () => {
  const ports = Array.from({ length: 400 }, (_, i) => `accept *:${10_000 + 2 * i}`);
  const summary = summarizePolicy(rules([...ports, 'reject *:*'].join(',')), 4);
  assert.ok(summary.length <= 1000 && summary.length > 990);
  assert.match(summary, /^accept 10000,10002,.*\d$/);
});

test('rules that cannot be', () => {
  for (const pattern of [
    '',
    '*:0',
    '*:65536',
    '*:2-1',
    '1.2.3:*',
    '*/8:*',
    '1.2.3.4/33:*',
    '1.2.3.4/255.0.255.0:*',
    '[::]:*',
    '*:1-2-3',
    'privates:*',
    '*6:*',
  ]) {
    assert.equal(parseDescriptorRule(true, pattern), undefined, pattern);
  }
  assert.deepEqual(parseDescriptorRule(true, '10.0.0.0/255.128.0.0:80'), {
    accept: true,
    address: { kind: 'net', address: Uint8Array.of(10, 0, 0, 0), bits: 9 },
    lowPort: 80,
    highPort: 80,
  });
  assert.equal(expandPrivate(rules('reject private:80')).length, 12);
});

const aRule = fc
  .record({
    accept: fc.boolean(),
    quad: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)),
    bits: fc.integer({ min: 0, max: 32 }),
    ports: fc.tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 })),
  })
  .map(({ accept, quad, bits, ports }): PolicyRule => {
    const [lowPort, highPort] = [Math.min(...ports), Math.max(...ports)];
    const address =
      bits === 0 ? ({ kind: 'any4' } as const) : ({ kind: 'net', address: Uint8Array.from(quad), bits } as const);
    return { accept, address, lowPort, highPort };
  });

test('rules and summaries read as they are written', () => {
  fc.assert(
    fc.property(aRule, (rule) => {
      const line = formatDescriptorRule(rule) ?? '';
      const [, verb = '', pattern = ''] = /^(accept|reject) (\S+)\n$/.exec(line) ?? [];
      assert.deepEqual(parseDescriptorRule(verb === 'accept', pattern), rule);
    }),
  );
  fc.assert(
    fc.property(fc.array(aRule, { maxLength: 12 }), fc.constantFrom(4 as const, 6 as const), (policy, family) => {
      const text = summarizePolicy(policy, family);
      const summary = parsePortSummary(text);
      assert.ok(summary, text);
      assert.equal(formatPortSummary(summary), text);
    }),
  );
});
