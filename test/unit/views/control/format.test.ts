import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CircuitInfo } from '../../../../src/network/circuits/index.ts';
import { bootstrapText } from '../../../../src/views/control/format/bootstrap.ts';
import { circuitLine } from '../../../../src/views/control/format/circuit.ts';
import { streamEvent } from '../../../../src/views/control/format/stream.ts';
import { torVersionStatus } from '../../../../src/views/control/format/version-status.ts';

const circuit: CircuitInfo = {
  id: 7,
  circuit: undefined,
  purpose: 'hs-client-rend',
  status: 'built',
  path: [`$${'A'.repeat(40)}~one`, `$${'B'.repeat(40)}`],
  buildFlags: ['IS_INTERNAL', 'NEED_CAPACITY'],
  createdMs: Date.UTC(2026, 10, 21, 10, 0, 0, 5),
  dirtySinceMs: undefined,
  isolation: undefined,
  tag: 'a'.repeat(56),
  hsState: 'hscr-joined',
};

test('a circuit as CIRC tells it', () => {
  assert.equal(
    circuitLine(circuit),
    `7 BUILT $${'A'.repeat(40)}~one,$${'B'.repeat(40)} BUILD_FLAGS=IS_INTERNAL,NEED_CAPACITY PURPOSE=HS_CLIENT_REND ` +
      `HS_STATE=HSCR_JOINED REND_QUERY=${'a'.repeat(56)} TIME_CREATED=2026-11-21T10:00:00.005000`,
  );
  const bare: CircuitInfo = { ...circuit, purpose: 'general', path: [], buildFlags: [], tag: 'x', hsState: undefined };
  assert.equal(circuitLine(bare, 'LAUNCHED'), '7 LAUNCHED PURPOSE=GENERAL TIME_CREATED=2026-11-21T10:00:00.005000');
});

test('a stream as STREAM tells it', () => {
  const info = { id: 3, circuitId: 7, target: 'example.com:80', source: '127.0.0.1:5' } as const;
  assert.equal(
    streamEvent({ ...info, status: 'new', circuitId: 0 }),
    '3 NEW 0 example.com:80 SOURCE_ADDR=127.0.0.1:5 PURPOSE=USER',
  );
  assert.equal(
    streamEvent({ ...info, status: 'closed', end: { reason: 6, remote: true } }),
    '3 CLOSED 7 example.com:80 REASON=END REMOTE_REASON=DONE',
  );
  assert.equal(
    streamEvent({ ...info, status: 'failed', end: { reason: 7, remote: false } }),
    '3 FAILED 7 example.com:80 REASON=TIMEOUT',
  );
});

test('bootstrap phases, with and without trouble', () => {
  const phase = { percent: 5, tag: 'conn', summary: 'Connecting to a relay' };
  assert.equal(bootstrapText(phase), 'NOTICE BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to a relay"');
  const trouble = {
    ...phase,
    ...{ warning: 'No route to host', reason: 'NOROUTE', count: 2, recommendation: 'warn' as const },
    ...{ hostId: '0'.repeat(40), hostAddress: '192.0.2.1:9001' },
  } as const;
  assert.equal(
    bootstrapText(trouble),
    'WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to a relay" WARNING="No route to host" REASON=NOROUTE ' +
      `COUNT=2 RECOMMENDATION=warn HOSTID="${'0'.repeat(40)}" HOSTADDR="192.0.2.1:9001"`,
  );
});

test('how our version stands to the recommended ones', () => {
  const ours = '0.4.9.11 (tropea-0.1.0)';
  assert.equal(torVersionStatus(ours, ['0.4.8.1', '0.4.9.11']), 'recommended');
  assert.equal(torVersionStatus(ours, ['0.4.8.1']), 'new');
  assert.equal(torVersionStatus(ours, ['0.4.9.2', '0.5.0.1']), 'new in series');
  assert.equal(torVersionStatus(ours, ['0.5.0.1']), 'obsolete');
  assert.equal(torVersionStatus(ours, ['0.4.9.2', '0.4.9.12']), 'unrecommended');
  assert.equal(torVersionStatus(ours, []), 'none recommended');
  assert.equal(torVersionStatus(ours, undefined), 'unknown');
});
