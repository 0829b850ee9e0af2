import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLogLine, parseLogSpec } from '../../../../../src/app/node/logging/index.ts';
import { TorError } from '../../../../../src/base/errors/index.ts';
import type { LogDomain, LogRecord, Severity } from '../../../../../src/base/log/index.ts';

const record = (severity: Severity, domain: LogDomain = 'general', message = 'x'): LogRecord => ({
  severity,
  domain,
  message,
  timeMs: 0,
});

test('severities and targets', () => {
  const spec = parseLogSpec('notice stdout');
  assert.deepEqual(spec.target, { kind: 'stdout' });
  assert.equal(spec.minimum, 'notice');
  assert.ok(spec.wants(record('warn')));
  assert.ok(!spec.wants(record('info')));
  assert.deepEqual(parseLogSpec('notice').target, { kind: 'stdout' });
  assert.deepEqual(parseLogSpec('info-warn file /tmp/a b.log').target, { kind: 'file', path: '/tmp/a b.log' });
  assert.ok(!parseLogSpec('info-warn file /x').wants(record('err')));
});

test('domains are taken and taken away', () => {
  const spec = parseLogSpec('[handshake]debug [~net,~mm]info notice stdout');
  assert.ok(spec.wants(record('debug', 'handshake')));
  assert.ok(!spec.wants(record('debug', 'circ')));
  assert.ok(spec.wants(record('info', 'circ')));
  assert.ok(!spec.wants(record('info', 'net')));
  assert.ok(spec.wants(record('notice', 'net')));
  assert.equal(spec.minimum, 'debug');
});

for (const line of ['loud stdout', '[nothing]notice stdout', 'notice notice stdout', 'notice file', '']) {
  test(`refuses 'Log ${line}'`, () => {
    assert.throws(
      () => parseLogSpec(line),
      (error) => TorError.is(error) && error.code === 'TORRC_VALUE',
    );
  });
}

test('a line cannot be forged, times are cut down, bugs are named', () => {
  const at = new Date(2026, 10, 2, 3, 4, 5, 678).getTime();
  const base = { ...record('warn', 'net', 'a\u001b[2J\r\nNov 01 00:00:00.000 [err] b'), timeMs: at };
  const plain = { granularityMs: 1, domains: false };
  assert.equal(
    formatLogLine(base, plain),
    'Nov 02 03:04:05.678 [warn] a\\x1b[2J\\x0d\n    Nov 01 00:00:00.000 [err] b\n',
  );
  assert.ok(
    formatLogLine(base, { granularityMs: 1000, domains: true }).startsWith('Nov 02 03:04:05.000 [warn] {NET} a'),
  );
  assert.ok(formatLogLine({ ...base, domain: 'bug' }, plain).includes('[warn] Bug: a'));
});
