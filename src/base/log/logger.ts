import { LruMap } from '../util/index.ts';

/** Tor's severities, from most talkative to gravest. */
export const severities = ['debug', 'info', 'notice', 'warn', 'err'] as const;
export type Severity = (typeof severities)[number];

/** Tor's log domains (control-spec, manual page `Log`). */
export type LogDomain =
  | 'general'
  | 'crypto'
  | 'net'
  | 'config'
  | 'fs'
  | 'protocol'
  | 'mm'
  | 'http'
  | 'app'
  | 'control'
  | 'circ'
  | 'rend'
  | 'bug'
  | 'dir'
  | 'dirserv'
  | 'or'
  | 'edge'
  | 'acct'
  | 'hist'
  | 'handshake'
  | 'heartbeat'
  | 'channel'
  | 'sched'
  | 'guard'
  | 'consdiff'
  | 'dos'
  | 'pt';

export interface LogRecord {
  readonly severity: Severity;
  readonly domain: LogDomain;
  readonly message: string;
  readonly timeMs: number;
}

export type LogSink = (record: LogRecord) => void;

/** Fans records out to sinks. Callers guard costly messages with `enabled()`. */
export class Logger {
  readonly #sinks = new Map<LogSink, number>();
  readonly #now: () => number;
  readonly #limited = new LruMap<string, { windowEndMs: number; suppressed: number }>(256);
  #threshold: number = severities.length;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Adds a sink that hears `minimum` and graver; returns the function that removes it. */
  addSink(sink: LogSink, minimum: Severity): () => void {
    this.#sinks.set(sink, severities.indexOf(minimum));
    this.#recompute();
    return () => {
      this.#sinks.delete(sink);
      this.#recompute();
    };
  }

  #recompute(): void {
    this.#threshold = Math.min(severities.length, ...this.#sinks.values());
  }

  enabled(severity: Severity): boolean {
    return severities.indexOf(severity) >= this.#threshold;
  }

  log(severity: Severity, domain: LogDomain, message: string): void {
    const level = severities.indexOf(severity);
    if (level < this.#threshold) return;
    const record: LogRecord = { severity, domain, message, timeMs: this.#now() };
    for (const [sink, minimum] of this.#sinks) if (level >= minimum) sink(record);
  }

  /** Logs at most once per `windowMs` for each `key`; the next line tells how many were held back. */
  limited(key: string, windowMs: number, severity: Severity, domain: LogDomain, message: string): void {
    const now = this.#now();
    const seen = this.#limited.get(key);
    if (seen !== undefined && now < seen.windowEndMs) {
      seen.suppressed++;
      return;
    }
    const tail = seen !== undefined && seen.suppressed > 0 ? ` [${seen.suppressed} similar held back]` : '';
    this.#limited.set(key, { windowEndMs: now + windowMs, suppressed: 0 });
    this.log(severity, domain, message + tail);
  }

  debug(domain: LogDomain, message: string): void {
    this.log('debug', domain, message);
  }
  info(domain: LogDomain, message: string): void {
    this.log('info', domain, message);
  }
  notice(domain: LogDomain, message: string): void {
    this.log('notice', domain, message);
  }
  warn(domain: LogDomain, message: string): void {
    this.log('warn', domain, message);
  }
  err(domain: LogDomain, message: string): void {
    this.log('err', domain, message);
  }
}
