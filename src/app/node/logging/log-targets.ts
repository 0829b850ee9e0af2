import { closeSync, existsSync, fchmodSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { TorError } from '../../../base/errors/index.ts';
import { type Logger, type LogRecord, type LogSink, type Severity, severities } from '../../../base/log/index.ts';
import type { TorOptions } from '../../../wire/torrc/index.ts';
import { formatLogLine, type LineFormat } from './format.ts';
import { type LogSpec, type LogTarget, parseLogSpec } from './log-spec.ts';

/** Where lines go: `quiet` prints nothing, `hush` warnings and errors only. */
export type QuietLevel = 'none' | 'hush' | 'quiet';

export interface LogTargetsDeps {
  readonly log: Logger;
  readonly stdout: (line: string) => void;
  readonly stderr: (line: string) => void;
  /** Of the clock the log keeps. */
  readonly now: () => number;
}

/** Said before the configuration was read: enough for the longest list of warnings. */
const maxEarly = 1000;

/** C tor's: the group may read, whatever our umask is. */
const fileMode = 0o640;

interface OpenTarget {
  readonly spec: LogSpec;
  readonly hear: LogSink;
  readonly remove: () => void;
  readonly fd: number | undefined;
}

/** `--verify-config` looks at the lines without opening anything. Throws TORRC_VALUE. */
export function checkLogOptions(options: TorOptions, warn: (message: string) => void): void {
  for (const line of options.lines('Log')) {
    try {
      parseLogSpec(line);
    } catch (error) {
      warn(TorError.from(error).message);
      throw new TorError('TORRC_VALUE', 'Failed to validate Log options. See logs for details.', { cause: error });
    }
  }
}

/** Connects the logger with what `Log` lines name: standard output, standard error, files. */
export class LogTargets {
  readonly #deps: LogTargetsDeps;
  readonly #product: string;
  #open: OpenTarget[] = [];
  readonly #early: LogRecord[] = [];
  #stopKeeping: () => void = () => undefined;
  #format: LineFormat = { granularityMs: 1, domains: false };

  /** `product` goes at the head of files: `Tor 0.4.9.11`. */
  constructor(deps: LogTargetsDeps, options: { readonly product: string }) {
    this.#deps = deps;
    this.#product = options.product;
  }

  /** Until the configuration is read; files hear afterwards what was said until then. */
  useDefault(quiet: QuietLevel): void {
    const keep: LogSink = (record) => {
      if (this.#early.length < maxEarly) this.#early.push(record);
    };
    this.#stopKeeping = this.#deps.log.addSink(keep, 'info');
    this.#replace(this.#defaults(quiet).map((spec) => this.#attach(spec, undefined)));
  }

  /** Takes the `Log` lines. Throws TORRC_VALUE or STORAGE_FAILED, and then the old targets stay. */
  configure(
    options: TorOptions,
    settings: { readonly quiet: QuietLevel; readonly daemon: boolean; readonly old?: TorOptions },
  ): void {
    const lines = options.lines('Log');
    const before = new Set(settings.old?.lines('Log') ?? []);
    this.#format = {
      granularityMs: options.get('LogTimeGranularity'),
      domains: options.get('LogMessageDomains'),
    };
    const specs = lines.length > 0 ? lines.map(parseLogSpec) : settings.daemon ? [] : this.#defaults(settings.quiet);
    const instead = !settings.daemon && !specs.some(({ target }) => target.kind === 'stdout');
    const opened: OpenTarget[] = [];
    try {
      for (const spec of specs) {
        const truncate = options.get('TruncateLogFile') && !before.has(spec.line);
        const target = this.#openTarget(spec, settings.daemon, truncate, instead);
        if (target !== undefined) opened.push(target);
      }
    } catch (error) {
      for (const target of opened) closeTarget(target);
      throw error;
    }
    this.#replace(opened);
    this.#stopKeeping();
    for (const record of this.#early.splice(0)) {
      for (const { fd, hear } of opened) if (fd !== undefined) hear(record);
    }
  }

  /** True when lines of this severity go to standard output or standard error. */
  showsOnTerminal(severity: Severity): boolean {
    const level = severities.indexOf(severity);
    return this.#open.some(
      ({ spec }) =>
        (spec.target.kind === 'stdout' || spec.target.kind === 'stderr') && severities.indexOf(spec.minimum) <= level,
    );
  }

  /** USR2: every target hears everything, until the next configuration. */
  switchToDebug(): void {
    this.#replace(
      this.#open.map(({ spec, fd }) => {
        const everything: LogSpec = { ...spec, minimum: 'debug', wants: () => true };
        return this.#attach(everything, fd);
      }),
      { keepFiles: true },
    );
  }

  close(): void {
    this.#replace([]);
  }

  #defaults(quiet: QuietLevel): LogSpec[] {
    if (quiet === 'quiet') return [];
    return [parseLogSpec(`${quiet === 'hush' ? 'warn' : 'notice'} stdout`)];
  }

  /** `instead`: standard output takes what is for syslog, as a service manager's journal does. */
  #openTarget(spec: LogSpec, daemon: boolean, truncate: boolean, instead: boolean): OpenTarget | undefined {
    const { target } = spec;
    const { log } = this.#deps;
    if (target.kind === 'syslog') {
      const told = instead ? 'standard output takes these lines' : 'this Log line is ignored';
      log.warn('config', `There is no syslog target; ${told}. Log to a file or to standard output.`);
      return instead ? this.#attach(spec, undefined) : undefined;
    }
    if (target.kind !== 'file') {
      if (!daemon) return this.#attach(spec, undefined);
      log.warn('config', `Can't log to ${target.kind} with RunAsDaemon set; skipping ${target.kind}`);
      return undefined;
    }
    return this.#attach(spec, this.#openFile(target.path, spec.line, truncate));
  }

  #openFile(path: string, line: string, truncate: boolean): number {
    try {
      const place = path.replace(/^~(?=\/)/, homedir());
      const made = !existsSync(place);
      const fd = openSync(place, 'a', fileMode);
      if (made) fchmodSync(fd, fileMode);
      if (truncate) ftruncateSync(fd);
      const isNew = fstatSync(fd).size === 0;
      const message = `${this.#product} opening ${isNew ? 'new ' : ''}log file.`;
      const record: LogRecord = { severity: 'notice', domain: 'general', message, timeMs: this.#deps.now() };
      writeSync(fd, formatLogLine(record, this.#format));
      return fd;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TorError('STORAGE_FAILED', `Couldn't open file for 'Log ${line}': ${why}`, { cause });
    }
  }

  #attach(spec: LogSpec, fd: number | undefined): OpenTarget {
    const write = this.#writer(spec.target, fd);
    const sink: LogSink = (record) => {
      if (spec.wants(record)) write(formatLogLine(record, this.#format));
    };
    const hear: LogSink = (record) => {
      if (severities.indexOf(record.severity) >= severities.indexOf(spec.minimum)) sink(record);
    };
    return { spec, fd, hear, remove: this.#deps.log.addSink(sink, spec.minimum) };
  }

  #writer(target: LogTarget, fd: number | undefined): (line: string) => void {
    if (fd === undefined) return target.kind === 'stderr' ? this.#deps.stderr : this.#deps.stdout;
    let broken = false;
    return (line) => {
      if (broken) return;
      try {
        writeSync(fd, line);
      } catch {
        // A full disk must not end the node; the other targets go on.
        broken = true;
      }
    };
  }

  #replace(targets: OpenTarget[], options: { readonly keepFiles?: boolean } = {}): void {
    const old = this.#open;
    this.#open = targets;
    for (const target of old) {
      if (options.keepFiles === true) target.remove();
      else closeTarget(target);
    }
  }
}

function closeTarget(target: OpenTarget): void {
  target.remove();
  if (target.fd !== undefined) closeSync(target.fd);
}
