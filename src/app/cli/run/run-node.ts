import { TorError } from '../../../base/errors/index.ts';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import { deferred } from '../../../base/util/index.ts';
import type { Configuration } from '../../node/config/index.ts';
import type { TorNode } from '../../node/index.ts';
import type { ConfiguredRun } from '../configured-run.ts';
import type { ExitCode } from '../program.ts';
import { isForeground, runInBackground, tellReady, tellTroubles } from './daemon.ts';
import { watchOwner } from './owner-watch.ts';
import { writePidFile } from './pid-file.ts';
import { ProgressBar } from './progress-bar.ts';
import { ServiceManager } from './service-manager.ts';
import { openSession, startLogging } from './session.ts';
import { listenToSignals } from './signals.ts';
import { switchUser } from './switch-user.ts';

/** Owner-only unless an option says more: key files and sockets are made with modes of their own. */
const umask = 0o077;
/** A node stays although it has nothing to do: something must keep the event loop going. */
const aliveMs = 3600_000;

/** Runs the node until a signal or a controller ends it. */
export async function runNode(run: ConfiguredRun, configuration: Configuration): Promise<ExitCode> {
  const { log } = run;
  const ended = deferred<ExitCode>();
  const cleanup: (() => void)[] = [];
  reportBugs(run);
  try {
    const { options } = configuration;
    if (options.get('RunAsDaemon') && isForeground()) return await runInBackground(run.commandLine, run.io);
    process.umask(umask);
    const stay = setInterval(() => undefined, aliveMs);
    cleanup.push(explainEnd(run), () => clearInterval(stay));
    const untilReady = tellTroubles(run);
    cleanup.push(untilReady);
    switchUser(options.get('User'));
    const logs = startLogging(run, configuration);
    cleanup.push(writePidFile(options.get('PidFile')));
    const end = (code: ExitCode): void => ended.resolve(code);
    const { node, actions, stop } = await openSession({ run, configuration, logs, end });
    cleanup.push(showProgress(run, node));
    cleanup.push(
      options.get('__DisableSignalHandlers') ? () => undefined : listenToSignals(actions),
      watchOwner(nodeRuntime.timers, options.get('__OwningControllerProcess'), () => {
        log.notice('control', 'Owning controller process has vanished -- exiting now.');
        ended.resolve(0);
      }),
    );
    const onStarted = (): void => {
      untilReady();
      tellReady();
      void service.ready();
    };
    const service = new ServiceManager({ env: process.env, timers: nodeRuntime.timers, log });
    const started = node.start().then(onStarted, (error: unknown) => fail(run, error, ended.resolve));
    const code = await ended.promise;
    clearInterval(stay);
    void service.stopping();
    await stop();
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
  else log.err('config', known.advice);
  end(1);
}

/** A process that ends before its time says so. Gives the function that lets it end. */
function explainEnd({ log }: ConfiguredRun): () => void {
  const tell = (code: number): void =>
    log.err('bug', `The process ends with code ${code} although nobody asked it to. Please report this.`);
  process.once('exit', tell);
  return () => process.off('exit', tell);
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
