import { connect, type Socket } from 'node:net';
import { TorError } from '../../base/errors/index.ts';

export interface ControlReply {
  /** The code of the last line. */
  readonly code: number;
  /** Without their codes; data of multi-line replies follows its line, one entry a line. */
  readonly lines: readonly string[];
}

/** Just enough of the control protocol to ask a running node, C tor or Tropea, what it sees. */
export class ControlClient {
  readonly events: string[] = [];
  /** Told each event as it comes, as it stands in `events`. */
  onEvent: (event: string) => void = () => undefined;
  readonly #socket: Socket;
  readonly #replies: { resolve: (reply: ControlReply) => void; reject: (error: Error) => void }[] = [];
  readonly #eventWaiters = new Set<{ pattern: RegExp; found: (event: string) => void }>();
  #text = '';
  #lines: string[] = [];
  #event = false;
  #inData = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#replies.splice(0))
        reject(new TorError('LAB_FAILED', 'the control connection closed'));
    });
  }

  /** Connects and authenticates with no or the given password. */
  static async open(port: number, options: { readonly address?: string; readonly password?: string } = {}) {
    const socket = connect(port, options.address ?? '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new ControlClient(socket);
    await client.command(options.password === undefined ? 'AUTHENTICATE' : `AUTHENTICATE "${options.password}"`);
    return client;
  }

  /** Sends a command; rejects when the answer is not 250 or 251. */
  async command(line: string): Promise<ControlReply> {
    const reply = await new Promise<ControlReply>((resolve, reject) => {
      this.#replies.push({ resolve, reject });
      this.#socket.write(`${line}\r\n`);
    });
    if (reply.code >= 300) throw new TorError('LAB_FAILED', `${line}: ${reply.code} ${reply.lines.join('; ')}`);
    return reply;
  }

  /** The value of one GETINFO key. */
  async getInfo(key: string): Promise<string> {
    const { lines } = await this.command(`GETINFO ${key}`);
    const [first = '', ...rest] = lines.slice(0, -1);
    const inline = first.slice(key.length + 1);
    return inline === '' ? rest.join('\n') : inline;
  }

  /** The first event seen already or to come (text after `650`) that matches; SETEVENTS is the caller's. */
  waitForEvent(pattern: RegExp, timeoutMs: number): Promise<string> {
    const seen = this.events.find((event) => pattern.test(event));
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const waiter = {
        pattern,
        found: (event: string): void => {
          clearTimeout(timer);
          this.#eventWaiters.delete(waiter);
          resolve(event);
        },
      };
      const timer = setTimeout(() => {
        this.#eventWaiters.delete(waiter);
        reject(
          new TorError(
            'LAB_FAILED',
            `no event ${pattern} within ${timeoutMs} ms; last: ${this.events.slice(-5).join(' | ')}`,
          ),
        );
      }, timeoutMs);
      this.#eventWaiters.add(waiter);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    const lines = this.#text.split('\r\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (this.#inData) {
      if (line === '.') this.#inData = false;
      else this.#lines.push(line.startsWith('..') ? line.slice(1) : line);
      return;
    }
    const code = Number(line.slice(0, 3));
    this.#event = code === 650;
    this.#lines.push(line.slice(4));
    if (line[3] === '+') this.#inData = true;
    if (line[3] === ' ') this.#complete(code);
  }

  #complete(code: number): void {
    const lines = this.#lines;
    this.#lines = [];
    if (!this.#event) {
      this.#replies.shift()?.resolve({ code, lines });
      return;
    }
    const event = lines.join('\n');
    this.events.push(event);
    this.onEvent(event);
    for (const waiter of this.#eventWaiters) if (waiter.pattern.test(event)) waiter.found(event);
  }
}
