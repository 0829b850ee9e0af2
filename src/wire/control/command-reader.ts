import { utf8 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** One command of a controller. */
export interface ControlCommand {
  /** In upper case, without the plus sign. */
  readonly keyword: string;
  /** What follows the keyword on its line, without white space at the ends. */
  readonly rest: string;
  /** The lines of a command that began with `+`, with LF at their ends and dots restored. */
  readonly data: string | undefined;
}

export interface CommandReaderOptions {
  /** Longest command, in bytes. Default: C tor's 1 MiB. */
  readonly maxBytes?: number;
}

const defaultMaxBytes = 1024 * 1024;
const lf = 0x0a;

/** Cuts what a controller sends into commands. spec: control-spec 2.3 */
export class CommandReader {
  readonly #maxBytes: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #first: string | undefined;
  #lines: string[] = [];
  #commandBytes = 0;

  constructor(options: CommandReaderOptions = {}) {
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
  }

  /** The commands that are whole now. Throws CONTROL_SYNTAX when one is too long; nothing more can be read then. */
  push(chunk: Uint8Array): ControlCommand[] {
    const commands: ControlCommand[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(lf, start);
      if (end === -1) break;
      const command = this.#line(this.#takeLine(chunk.subarray(start, end)));
      if (command !== undefined) commands.push(command);
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#pending.push(chunk.slice(start));
      this.#pendingBytes += chunk.length - start;
      this.#count(0);
    }
    return commands;
  }

  #takeLine(tail: Uint8Array): string {
    const line = new Uint8Array(this.#pendingBytes + tail.length);
    let at = 0;
    for (const part of this.#pending) {
      line.set(part, at);
      at += part.length;
    }
    line.set(tail, at);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#count(line.length + 1);
    return utf8(line.at(-1) === 0x0d ? line.subarray(0, -1) : line);
  }

  #count(bytes: number): void {
    this.#commandBytes += bytes;
    if (this.#commandBytes + this.#pendingBytes > this.#maxBytes) {
      throw new TorError('CONTROL_SYNTAX', 'Command too long.');
    }
  }

  #line(line: string): ControlCommand | undefined {
    if (this.#first === undefined) {
      if (line.startsWith('+')) {
        this.#first = line.slice(1);
        return undefined;
      }
      this.#commandBytes = 0;
      return line.trim() === '' ? undefined : commandOf(line, undefined);
    }
    if (line !== '.') {
      this.#lines.push(line.startsWith('.') ? line.slice(1) : line);
      return undefined;
    }
    const data = this.#lines.map((each) => `${each}\n`).join('');
    const command = commandOf(this.#first, data);
    this.#first = undefined;
    this.#lines = [];
    this.#commandBytes = 0;
    return command;
  }
}

function commandOf(line: string, data: string | undefined): ControlCommand {
  const match = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line);
  return { keyword: (match?.[1] ?? '').toUpperCase(), rest: match?.[2] ?? '', data };
}
