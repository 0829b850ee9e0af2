import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ServiceManager } from '../../../../src/app/cli/run/service-manager.ts';
import { Logger } from '../../../../src/base/log/index.ts';
import { FakeTime } from '../../network/fakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'tropea-notify-'));
after(() => rmSync(folder, { recursive: true }));
const said = join(folder, 'said');
writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $1" >> "${said}"\n`, { mode: 0o755 });

function manager(env: Record<string, string>) {
  const warnings: string[] = [];
  const log = new Logger(() => 0);
  log.addSink(({ message }) => warnings.push(message), 'warn');
  return { warnings, service: new ServiceManager({ env, timers: new FakeTime(), log }) };
}

test('the service manager hears that we are ready and stopping', async () => {
  const { service, warnings } = manager({
    PATH: `${folder}:/bin:/usr/bin`,
    NOTIFY_SOCKET: '/run/x',
    WATCHDOG_USEC: '60000000',
  });
  await service.ready();
  await service.stopping();
  assert.equal(readFileSync(said, 'utf8'), '/run/x READY=1\n/run/x STOPPING=1\n');
  assert.deepEqual(warnings, []);
});

test('without one nothing is run; without the program it is told once', async () => {
  const nowhere = join(folder, 'nothing');
  const none = manager({ PATH: nowhere });
  await none.service.ready();
  assert.deepEqual(none.warnings, []);
  const { service, warnings } = manager({ PATH: nowhere, NOTIFY_SOCKET: '/run/x' });
  await service.ready();
  await service.stopping();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^Cannot tell the service manager "READY=1"/);
});
