import { TorError } from '../../../base/errors/index.ts';
import { Logger } from '../../../base/log/index.ts';
import type { HostReport, HostRequest } from '../../lab/index.ts';
import { LogTargets } from '../../node/logging/index.ts';
import { parseCommandLine } from '../command-line.ts';
import type { ConfiguredRun } from '../configured-run.ts';
import { loadConfiguration } from '../load-configuration.ts';
import type { ExitCode, ProgramIo } from '../program.ts';
import { openSession, type Session, startLogging } from '../run/session.ts';
import { productName } from '../version.ts';

/** A node and how far it is; `stop` works at any time. */
class Hosted {
  readonly #end: (how: string) => void;
  readonly #io: ProgramIo;
  #session: Session | undefined;
  #stopping = false;

  constructor(write: (text: string) => void, end: (how: string) => void) {
    this.#io = { stdout: write, stderr: write, readStdin: () => '' };
    this.#end = end;
  }

  async run(torrc: string): Promise<void> {
    const log = new Logger(() => Date.now());
    try {
      await this.#start(torrc, log);
    } catch (error) {
      const known = TorError.from(error);
      log.err(known.kind === 'bug' ? 'bug' : 'config', known.advice);
      await this.stop('did not start');
    }
  }

  async #start(torrc: string, log: Logger): Promise<void> {
    const { stdout, stderr } = this.#io;
    const targets = new LogTargets({ log, stdout, stderr, now: () => Date.now() }, { product: productName });
    targets.useDefault('none');
    const run: ConfiguredRun = {
      ...{ commandLine: parseCommandLine(['-f', torrc]), quiet: 'none', log, targets, io: this.#io },
    };
    const configuration = await loadConfiguration(run);
    if (configuration === undefined) throw new TorError('TORRC_VALUE', 'Reading config failed--see warnings above.');
    const logs = startLogging(run, configuration);
    const end = (code: ExitCode): void => void this.stop(`ended with code ${code}`);
    const session = await openSession({ run, configuration, logs, end });
    this.#session = session;
    if (this.#stopping) await session.stop();
    else await session.node.start();
  }

  reload(): void {
    void this.#session?.actions.hangUp();
  }

  retry(): void {
    this.#session?.node.retry();
  }

  async stop(how: string): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await this.#session?.stop();
    this.#end(how);
  }
}

/** One process with many nodes, for the lab that started it; ends with it. */
export function host(io: ProgramIo): Promise<ExitCode> {
  const send = process.send?.bind(process);
  if (send === undefined) {
    io.stderr('tropea lab host is started by tropea lab up.\n');
    return Promise.resolve(1);
  }
  const report = (message: HostReport): void => void send(message);
  const nodes = new Map<number, Hosted>();
  const start = (id: number, torrc: string): void => {
    const node = new Hosted(
      (text) => report({ id, text }),
      (how) => {
        nodes.delete(id);
        report({ id, ended: how });
      },
    );
    nodes.set(id, node);
    void node.run(torrc);
  };
  process.on('message', (request: HostRequest) => {
    if (request.do === 'start') start(request.id, request.torrc);
    else if (request.do === 'stop') void nodes.get(request.id)?.stop('was stopped');
    else if (request.do === 'retry') nodes.get(request.id)?.retry();
    else nodes.get(request.id)?.reload();
  });
  const tell = (what: string) => (error: unknown) => {
    io.stderr(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  };
  process.on('uncaughtException', tell('Uncaught exception'));
  process.on('unhandledRejection', tell('Unhandled rejection'));
  report({ ready: performance.now() / 1000 });
  return new Promise((resolve) => {
    process.once('disconnect', () => {
      void Promise.all([...nodes.values()].map((node) => node.stop('was stopped'))).then(() => resolve(0));
    });
  });
}
