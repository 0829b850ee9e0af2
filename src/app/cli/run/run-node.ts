import { TorError } from '../../../base/errors/index.ts';
import { setScrubbing } from '../../../base/log/index.ts';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import { deferred } from '../../../base/util/index.ts';
import type { Configuration } from '../../node/config/index.ts';
import { checkConfig, TorNode } from '../../node/index.ts';
import type { ConfiguredRun } from '../configured-run.ts';
import type { ExitCode } from '../program.ts';
import { makeControlServer } from './control.ts';
import { isForeground, runInBackground, tellReady, tellTroubles } from './daemon.ts';
import { Heartbeat } from './heartbeat.ts';
import { LogControl } from './log-control.ts';
import { MetricsPort } from './metrics.ts';
import { watchOwner } from './owner-watch.ts';
import { writePidFile } from './pid-file.ts';
import { ProgressBar } from './progress-bar.ts';
import { listenToSignals, SignalActions } from './signals.ts';
import { statsLines } from './stats.ts';
import { switchUser } from './switch-user.ts';
import { countTraffic } from './traffic.ts';

/** Owner-only unless an option says more: key files and sockets are made with modes of their own. */
const umask = 0o077;

/** Runs the node until a signal or a controller ends it. */
export async function runNode(run: ConfiguredRun, configuration: Configuration): Promise<ExitCode> {
  const { log } = run;
  const ended = deferred<ExitCode>();
  const logs = new LogControl(run);
  const cleanup: (() => void)[] = [];
  reportBugs(run);
  try {
    const { options } = configuration;
    if (options.get('RunAsDaemon') && isForeground()) return await runInBackground(run.commandLine, run.io);
    process.umask(umask);
    const untilReady = tellTroubles(run);
    cleanup.push(untilReady);
    switchUser(options.get('User'));
    logs.configure(options);
    setScrubbing(options.get('SafeLogging') !== '0');
    cleanup.push(writePidFile(options.get('PidFile')));
    const node = await TorNode.create({ runtime: nodeRuntime, log }, configuration.settings);
    cleanup.push(showProgress(run, node));
    configuration.onChange(async (next, old) => {
      await checkConfig(next, log);
      logs.configure(next.options, old.options);
      setScrubbing(next.options.get('SafeLogging') !== '0');
      await control.configure(next.ports);
      await metrics.configure(next.ports, next.options);
      heartbeat.configure(next.options.get('HeartbeatPeriod') * 1000);
      await node.reload(next);
    });
    const actions = new SignalActions({
      configuration,
      log,
      logs,
      timers: nodeRuntime.timers,
      stats: () => statsLines(node),
      done: (name) => control.noteSignal(name),
      drain: () => void node.parts.relay?.drain(),
      end: (code) => ended.resolve(code),
    });
    const traffic = countTraffic(node.parts.channels);
    const heartbeat = new Heartbeat({ ...nodeRuntime, node, log, traffic });
    heartbeat.configure(options.get('HeartbeatPeriod') * 1000);
    const control = makeControlServer({
      node,
      configuration,
      actions,
      log,
      traffic,
      heartbeat: () => heartbeat.beat(),
    });
    await control.configure(configuration.settings.ports);
    const metrics = new MetricsPort(node, log);
    await metrics.configure(configuration.settings.ports, options);
    cleanup.push(
      () => void control.close(),
      () => void metrics.close(),
      () => heartbeat.stop(),
      options.get('__DisableSignalHandlers') ? () => undefined : listenToSignals(actions),
      watchOwner(nodeRuntime.timers, options.get('__OwningControllerProcess'), () => {
        log.notice('control', 'Owning controller process has vanished -- exiting now.');
        ended.resolve(0);
      }),
    );
    const onStarted = (): void => {
      untilReady();
      tellReady();
    };
    const started = node.start().then(onStarted, (error: unknown) => fail(run, error, ended.resolve));
    const code = await ended.promise;
    control.stopListening();
    await node.stop();
    await started;
    return code;
  } catch (error) {
    fail(run, error, ended.resolve);
    return 1;
  } finally {
    for (const step of cleanup.reverse()) step();
  }
}

function fail({ log }: ConfiguredRun, error: unknown, end: (code: ExitCode) => void): void {
  const known = TorError.from(error);
  if (known.kind === 'bug') log.err('bug', error instanceof Error ? (error.stack ?? known.message) : known.message);
  else log.err('config', `${known.message} ${known.fix}`);
  end(1);
}

function showProgress({ targets, io }: ConfiguredRun, node: TorNode): () => void {
  if (!process.stderr.isTTY || targets.showsOnTerminal('notice')) return () => undefined;
  const bar = new ProgressBar({ write: io.stderr, columns: process.stderr.columns ?? 80 });
  const off = node.events.on('bootstrap', (step) => bar.show(step));
  return () => {
    off();
    bar.end();
  };
}

/** A bug in one corner is told and must not end a node that others depend on. */
function reportBugs({ log }: ConfiguredRun): void {
  const report =
    (what: string) =>
    (error: unknown): void => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.limited(`${what} ${text}`, 60_000, 'err', 'bug', `${what}: ${text}`);
    };
  process.on('unhandledRejection', report('Unhandled rejection'));
  process.on('uncaughtException', report('Uncaught exception'));
}
