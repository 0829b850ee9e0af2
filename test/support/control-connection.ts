import { connect, type Socket } from 'node:net';

/** A controller of the plainest kind: sends a line, gets the whole reply as text. Events are kept apart. */
export class ControlConnection {
  readonly events: string[] = [];
  readonly #socket: Socket;
  #text = '';
  #reply = '';
  #waiting: ((reply: string) => void)[] = [];
  #isEnded = false;
  readonly #listeners: ((event: string) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isEnded = true;
      for (const resolve of this.#waiting.splice(0)) resolve('');
    });
  }

  /** A port of this machine, or the path of a socket. */
  static open(where: number | string): Promise<ControlConnection> {
    const socket = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1');
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(new ControlConnection(socket)));
      socket.once('error', reject);
    });
  }

  /** The reply with its line ends; empty when the connection ended instead. */
  send(line: string): Promise<string> {
    return new Promise((resolve) => {
      if (this.#isEnded) {
        resolve('');
        return;
      }
      this.#waiting.push(resolve);
      this.#socket.write(`${line}\r\n`);
    });
  }

  /** The first event, there already or to come, that matches. */
  heard(pattern: RegExp): Promise<string> {
    const known = this.events.find((event) => pattern.test(event));
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => {
      this.#listeners.push((event) => {
        if (pattern.test(event)) resolve(event);
      });
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    for (;;) {
      const end = this.#endOfLine();
      if (end === -1) return;
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end);
      this.#reply += line;
      if (line[3] !== ' ') continue;
      const reply = this.#reply;
      this.#reply = '';
      if (reply.startsWith('650')) this.#hear(reply);
      else this.#waiting.shift()?.(reply);
    }
  }

  #hear(event: string): void {
    this.events.push(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Behind the next line, or behind the data block it begins. */
  #endOfLine(): number {
    const line = this.#text.indexOf('\r\n');
    if (line === -1 || this.#text[3] !== '+') return line === -1 ? -1 : line + 2;
    const block = this.#text.indexOf('\r\n.\r\n', line);
    return block === -1 ? -1 : block + 5;
  }
}
