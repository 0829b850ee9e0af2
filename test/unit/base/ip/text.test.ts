import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, parseIp, parseIpv4, parseIpv6 } from '../../../../src/base/ip/index.ts';

test('the same is an IPv4 address to us and to the platform', () => {
  const nearly = fc.array(fc.constantFrom('0', '1', '25', '255', '256', '1000', '01', '.', '.', '.', 'x', ' '), {
    maxLength: 9,
  });
  fc.assert(
    fc.property(nearly, (parts) => {
      const text = parts.join('');
      const bytes = parseIpv4(text);
      assert.equal(bytes !== undefined, isIPv4(text), text);
      if (bytes !== undefined) assert.equal(bytes.join('.'), text);
    }),
    { numRuns: 2000 },
  );
  for (const text of ['1.2.3.4', '255.255.255.255', '0.0.0.0']) assert.equal(parseIpv4(text)?.join('.'), text);
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.',
    '.1.2.3.4',
    '1.2.3.4.5',
    '1..2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
  ]) {
    assert.equal(parseIpv4(text), undefined, text);
  }
});

test('addresses read as they are written', () => {
  for (const length of [4, 16]) {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: length, maxLength: length }), (ip) => {
        assert.deepEqual(parseIp(formatIp(ip)), ip);
      }),
    );
  }
  const words = fc.array(fc.constantFrom('0', '1', 'ffff', 'abc', '::', ':', ':', '12345', '1.2.3.4'), {
    maxLength: 16,
  });
  fc.assert(
    fc.property(words, (parts) => {
      const text = parts.join('');
      assert.equal(parseIpv6(text) !== undefined, isIPv6(text), text);
    }),
    { numRuns: 2000 },
  );
});
