import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../../../src/app/cli/command-line.ts';
import { LogControl } from '../../../../src/app/cli/run/log-control.ts';
import { SignalActions } from '../../../../src/app/cli/run/signals.ts';
import { Configuration } from '../../../../src/app/node/config/index.ts';
import { LogTargets } from '../../../../src/app/node/logging/index.ts';
import { Logger } from '../../../../src/base/log/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';

interface Signalled {
  readonly did: string[];
  readonly actions: SignalActions;
  /** From now on the torrc is this. */
  readonly write: (torrc: string) => void;
}

function signalled(torrc: string, hibernating = false): Signalled {
  const did: string[] = [];
  const log = new Logger(() => 0);
  const io = { stdout: () => undefined, stderr: () => undefined, readStdin: () => '' };
  const targets = new LogTargets({ log, ...io, now: () => 0 }, { product: 'test' });
  let text = torrc;
  const readFiles = () => ({ torrc: { path: undefined, text }, defaults: { path: undefined, text: '' } });
  const configuration = new Configuration({ log, include: () => [], readFiles }, { commandLine: [] });
  configuration.onChange(async () => void did.push('applied'));
  const actions = new SignalActions({
    configuration,
    log,
    logs: new LogControl({ commandLine: parseCommandLine([]), quiet: 'none', log, targets, io }),
    timers: nodeRuntime.timers,
    stats: () => [],
    drain: () => void did.push('drained'),
    hibernating: () => hibernating,
    refresh: () => void did.push('refreshed'),
    done: (name) => void did.push(name),
    end: (code) => void did.push(`ended with ${code}`),
  });
  return {
    did,
    actions,
    write: (later) => {
      text = later;
    },
  };
}

/** What SIGHUP brings about, with this torrc at the start and that one later. */
async function hangUp(before: string, later: string): Promise<string[]> {
  const { did, actions, write } = signalled(before);
  write(later);
  await actions.hangUp();
  return did;
}

test('SIGHUP tries anew what failed, once the new configuration is in force', async () => {
  assert.deepEqual(await hangUp('', 'SocksPort 9999\n'), ['applied', 'refreshed', 'RELOAD']);
});

test('also when a controller forbade to read the torrc', async () => {
  const text = '__ReloadTorrcOnSIGHUP 0\n';
  assert.deepEqual(await hangUp(text, `${text}SocksPort 9999\n`), ['refreshed', 'RELOAD']);
});

test('a torrc that is no good ends the program', async () => {
  assert.deepEqual(await hangUp('', 'Nonsense 1\n'), ['ended with 1']);
});

test('SIGINT lets a relay wait for others to leave, unless nobody is there or it comes again', () => {
  const relay = 'ORPort 9001\nShutdownWaitLength 0\n';
  const asleep = signalled(relay, true);
  asleep.actions.interrupt();
  assert.deepEqual(asleep.did, ['ended with 0']);
  const awake = signalled(relay);
  awake.actions.interrupt();
  assert.deepEqual(awake.did, ['drained']);
  awake.actions.interrupt();
  assert.deepEqual(awake.did, ['drained', 'ended with 0']);
});
