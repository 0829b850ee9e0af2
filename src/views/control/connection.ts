import type { Socket } from 'node:net';
import { fromUtf8 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import {
  CommandReader,
  type ControlCommand,
  endReply,
  linesReply,
  okReply,
  parseArguments,
  splitWords,
} from '../../wire/control/index.ts';
import type { Authentication } from './authentication.ts';
import { commands } from './commands/index.ts';
import type { CommandContext } from './context.ts';
import type { Controller } from './controller.ts';
import { ControlFailure } from './failure.ts';

/** What a controller may have in its way out before it is cut off for not reading. */
const maxUnsentBytes = 32 * 1024 * 1024;

export interface ConnectionDeps {
  readonly context: CommandContext;
  readonly authentication: Authentication;
  /** After the connection is gone. */
  readonly onEnd: (connection: ControlConnection) => void;
}

const obsolete: ReadonlySet<string> = new Set(['SETROUTERPURPOSE']);
/** Of those commands that C tor does not even begin without. */
const argumentsNeeded: ReadonlyMap<string, number> = new Map([
  ['ADD_ONION', 1],
  ['ATTACHSTREAM', 2],
  ['CLOSECIRCUIT', 1],
  ['CLOSESTREAM', 2],
  ['DEL_ONION', 1],
  ['EXTENDCIRCUIT', 1],
  ['HSFETCH', 1],
  ['REDIRECTSTREAM', 2],
  ['SETCIRCUITPURPOSE', 1],
  ['SIGNAL', 1],
]);

/** One controller: its commands are answered in order, its events go out as they happen. */
export class ControlConnection implements Controller {
  events: ReadonlySet<string> = new Set();
  owner = false;
  readonly #deps: ConnectionDeps;
  readonly #socket: Socket;
  readonly #reader = new CommandReader();
  #unsubscribe: () => void = () => undefined;
  #authenticated = false;
  #queue: Promise<void> = Promise.resolve();
  #askedProtocol = false;
  #ended = false;
  #listens = true;

  constructor(deps: ConnectionDeps, socket: Socket) {
    this.#deps = deps;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#end());
  }

  /** Commands get no answer any more; events go on. */
  stopListening(): void {
    this.#listens = false;
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe();
    this.#deps.onEnd(this);
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const command of this.#reader.push(chunk)) {
        this.#queue = this.#queue.then(() => this.#run(command));
      }
    } catch (error) {
      this.#write(endReply(500, TorError.from(error).message));
      this.#socket.end();
    }
  }

  async #run(command: ControlCommand): Promise<void> {
    if (this.#ended || !this.#listens || this.#socket.writableEnded) return;
    const { log } = this.#deps.context.deps;
    try {
      const reply = this.#authenticated ? await this.#command(command) : this.#greet(command);
      this.#write(reply);
      if (command.keyword === 'QUIT') this.#socket.end();
    } catch (thrown) {
      if (thrown instanceof ControlFailure) this.#write(endReply(thrown.code, thrown.message));
      else {
        const error = TorError.from(thrown);
        if (error.kind === 'bug')
          log.err('bug', thrown instanceof Error ? (thrown.stack ?? error.message) : error.message);
        const syntax = error.code === 'CONTROL_SYNTAX';
        this.#write(
          endReply(
            syntax ? 512 : 551,
            syntax ? `Bad arguments to ${command.keyword}: ${error.message}` : error.message,
          ),
        );
      }
      // Who fails to get in is shut out at once. spec: control-spec 3.5
      if (!this.#authenticated) this.#socket.end();
    }
  }

  async #command(command: ControlCommand): Promise<string> {
    const { keyword, rest } = command;
    if (keyword === 'QUIT') return endReply(250, 'closing connection');
    if (keyword === 'PROTOCOLINFO') return this.#protocolInfo(rest);
    if (keyword === 'AUTHENTICATE') return okReply;
    if (keyword === 'AUTHCHALLENGE') return endReply(250, this.#deps.authentication.challenge(rest));
    const handler = commands.get(keyword);
    if (obsolete.has(keyword)) return endReply(511, `${keyword} is obsolete.`);
    if (handler === undefined) return endReply(510, `Unrecognized command "${keyword}"`);
    const needed = argumentsNeeded.get(keyword) ?? 0;
    if (splitWords(rest).length < needed)
      return endReply(512, `Bad arguments to ${keyword}: Need at least ${needed} argument(s)`);
    return handler(command, this.#deps.context, this);
  }

  #greet({ keyword, rest }: ControlCommand): string {
    const { authentication, context } = this.#deps;
    switch (keyword) {
      case 'QUIT':
        return endReply(250, 'closing connection');
      case 'PROTOCOLINFO':
        if (this.#askedProtocol) throw new ControlFailure(514, 'Authentication required.');
        this.#askedProtocol = true;
        return this.#protocolInfo(rest);
      case 'AUTHCHALLENGE':
        return endReply(250, authentication.challenge(rest));
      case 'AUTHENTICATE':
        authentication.check(rest);
        this.#authenticated = true;
        this.#unsubscribe = context.hub.add(this, (text) => this.#write(text));
        return okReply;
      default:
        throw new ControlFailure(514, 'Authentication required.');
    }
  }

  #protocolInfo(rest: string): string {
    const bad = parseArguments(rest).find(({ value }) => !/^\d+$/.test(value));
    if (bad !== undefined) throw new ControlFailure(513, `No such version "${bad.value}"`);
    const { authentication, context } = this.#deps;
    return linesReply(250, [
      'PROTOCOLINFO 1',
      `AUTH ${authentication.methods()}`,
      `VERSION Tor="${context.options.version}"`,
      'OK',
    ]);
  }

  #write(text: string): void {
    if (this.#ended || this.#socket.writableEnded) return;
    if (this.#socket.writableLength > maxUnsentBytes) {
      this.#socket.destroy();
      return;
    }
    this.#socket.write(fromUtf8(text));
  }
}
