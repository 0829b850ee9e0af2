import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random, Timer, Timers } from '../../base/runtime/index.ts';
import {
  decodeBegin,
  decodeConnected,
  decodeEnd,
  decodeResolve,
  decodeResolved,
  decodeXon,
  type End,
  EndReason,
  encodeBegin,
  encodeEnd,
  encodeResolve,
  encodeResolved,
  RelayCommand,
  type ResolvedAnswer,
  relayCommandName,
} from '../../wire/relaymsg/index.ts';
import { EdgeStream } from './edge-stream.ts';
import { type HalfClosed, HalfClosedStreams, type Lateness } from './half-closed.ts';
import { halfClosedMs } from './limits.ts';
import type { StreamPort } from './port.ts';
import type { AcceptResolve, AcceptStream, Stream, StreamBegin, StreamEnd, StreamHandler } from './stream.ts';
import type { StreamOwner, StreamTableSettings } from './stream-owner.ts';

export interface StreamTableDeps {
  readonly port: StreamPort;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** What the circuit hears of its streams: never per cell. */
export interface StreamTableEvents {
  opened?(streamId: number): void;
  closed?(streamId: number, reason: number, remote: boolean): void;
  flow?(streamId: number, signal: 'xoff' | 'xon'): void;
}

type Resolve = (outcome: readonly ResolvedAnswer[] | StreamEnd) => void;

/** All streams of one hop. Messages come in through `receive()`; the hop says when there is room again. */
export class StreamTable implements StreamOwner<EdgeStream> {
  readonly port: StreamPort;
  readonly settings: StreamTableSettings;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #events: StreamTableEvents;
  readonly #streams = new Map<number, EdgeStream>();
  readonly #half = new HalfClosedStreams();
  /** RESOLVEs we sent, and RESOLVEs we have to answer. */
  readonly #asked = new Map<number, Resolve>();
  readonly #answering = new Map<number, () => void>();
  #nextId: number;
  #accept: AcceptStream | undefined;
  #acceptResolve: AcceptResolve | undefined;
  #touched: EdgeStream[] = [];
  /** Streams that the circuit's window or queue stopped, in the order they were stopped. */
  #blocked: EdgeStream[] = [];
  #turnCells = Number.POSITIVE_INFINITY;
  #resuming = false;

  constructor(deps: StreamTableDeps, settings: StreamTableSettings, events: StreamTableEvents = {}) {
    this.port = deps.port;
    this.#clock = deps.clock;
    this.#timers = deps.timers;
    this.settings = settings;
    this.#events = events;
    this.#nextId = deps.random.below(65536);
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Delivered bytes that wait on our side of all streams. */
  get backlogBytes(): number {
    let bytes = 0;
    for (const stream of this.#streams.values()) bytes += stream.backlogBytes;
    return bytes;
  }

  /** Nothing was ever begun here that is not over. */
  get isIdle(): boolean {
    return this.#streams.size === 0 && this.#asked.size === 0 && this.#answering.size === 0;
  }

  get halfClosed(): number {
    return this.#half.size;
  }

  // Our own streams.

  /** Sends BEGIN or BEGIN_DIR. Throws STREAM_IDS_EXHAUSTED, BAD_ADDRESS. spec: tor-spec 6.2 */
  open(handler: StreamHandler, begin: StreamBegin): Stream {
    const body = begin.kind === 'begin' ? encodeBegin(begin) : new Uint8Array(0);
    const stream = new EdgeStream(this, { id: this.#freeId(), begin, incoming: false });
    stream.handler = handler;
    this.#streams.set(stream.id, stream);
    this.port.send(begin.kind === 'begin' ? RelayCommand.BEGIN : RelayCommand.BEGIN_DIR, stream.id, body);
    return stream;
  }

  /** Sends RESOLVE; the outcome comes once. Returns what gives it up. spec: tor-spec 6.4 */
  resolve(name: string, outcome: Resolve): () => void {
    const body = encodeResolve(name);
    const id = this.#freeId();
    this.#asked.set(id, outcome);
    this.port.send(RelayCommand.RESOLVE, id, body);
    return () => {
      if (!this.#asked.delete(id)) return;
      this.#half.add(id, { deadlineMs: undefined, sendmesLeft: 0, dataLeft: 0, connectedLeft: false });
      this.port.send(RelayCommand.END, id, encodeEnd({ reason: EndReason.MISC }));
    };
  }

  #freeId(): number {
    for (let attempt = 0; attempt < 65536; attempt++) {
      const id = this.#nextId;
      this.#nextId = (this.#nextId + 1) & 0xffff;
      if (id !== 0 && !this.#isKnown(id) && !this.#half.has(id)) return id;
    }
    throw new TorError('STREAM_IDS_EXHAUSTED');
  }

  #isKnown(id: number): boolean {
    return this.#streams.has(id) || this.#asked.has(id) || this.#answering.has(id);
  }

  // Streams of the far end.

  /** From now on BEGIN and BEGIN_DIR are answered. */
  acceptStreams(accept: AcceptStream): void {
    this.#accept = accept;
  }

  /** From now on RESOLVE is answered: exits. */
  acceptResolves(accept: AcceptResolve): void {
    this.#acceptResolve = accept;
  }

  #receiveBegin(command: number, id: number, body: Uint8Array): boolean {
    const accept = this.#accept;
    if (accept === undefined) return this.unexpected(relayCommandName(command));
    if (this.#isKnown(id)) return this.unexpected('BEGIN for a stream that is open');
    let begin: StreamBegin;
    try {
      begin = command === RelayCommand.BEGIN ? { kind: 'begin', ...decodeBegin(body) } : { kind: 'begin-dir' };
    } catch (error) {
      if (!TorError.is(error) || error.code !== 'BAD_ADDRESS') throw error;
      this.port.send(RelayCommand.END, id, encodeEnd({ reason: EndReason.TORPROTOCOL }));
      return true;
    }
    const stream = new EdgeStream(this, { id, begin, incoming: true });
    this.#streams.set(id, stream);
    const answer = accept(begin, stream);
    if (typeof answer === 'number') stream.end(answer);
    else stream.handler = answer;
    return true;
  }

  #receiveResolve(id: number, body: Uint8Array): boolean {
    const accept = this.#acceptResolve;
    if (accept === undefined) return this.unexpected('RESOLVE');
    if (this.#isKnown(id)) return this.unexpected('RESOLVE for a stream that is open');
    this.#answering.set(id, () => undefined);
    const cancel = accept(decodeResolve(body), (answers) => {
      if (!this.#answering.delete(id)) return;
      this.port.send(RelayCommand.RESOLVED, id, encodeResolved(answers));
    });
    if (cancel !== undefined && this.#answering.has(id)) this.#answering.set(id, cancel);
    return true;
  }

  // Messages.

  /**
   * A stream message lies in `cell[from, to)`. True when it was valid: the circuit counts its bytes as delivered. Throws
   * CIRCUIT_PROTOCOL, TRUNCATED and the like when the circuit must be closed.
   */
  receive(command: number, id: number, cell: Uint8Array, from: number, to: number): boolean {
    if (id === 0) return this.unexpected(`${relayCommandName(command)} without a stream`);
    const stream = this.#streams.get(id);
    switch (command) {
      case RelayCommand.DATA:
        if (stream === undefined) return this.#late(this.#half.data(id, this.nowMs()), 'DATA');
        return stream.receiveData(cell, from, to);
      case RelayCommand.SENDME:
        if (stream === undefined) return this.#late(this.#half.sendme(id), 'SENDME');
        return stream.receiveSendme();
      case RelayCommand.END:
        return this.#receiveEnd(id, stream, decodeEnd(cell.subarray(from, to)));
      case RelayCommand.XOFF:
        if (stream === undefined) return this.#late(this.#half.data(id, this.nowMs()), 'XOFF');
        return stream.receiveXoff();
      case RelayCommand.XON:
        if (stream === undefined) return this.#late(this.#half.data(id, this.nowMs()), 'XON');
        return stream.receiveXon(decodeXon(cell.subarray(from, to)));
      case RelayCommand.CONNECTED:
        return this.#receiveConnected(id, stream, cell.subarray(from, to));
      case RelayCommand.RESOLVED:
        return this.#receiveResolved(id, cell.subarray(from, to));
      case RelayCommand.BEGIN:
      case RelayCommand.BEGIN_DIR:
        return this.#receiveBegin(command, id, cell.subarray(from, to));
      case RelayCommand.RESOLVE:
        return this.#receiveResolve(id, cell.subarray(from, to));
      default:
        return this.unexpected(`${relayCommandName(command)} on a stream`);
    }
  }

  #receiveConnected(id: number, stream: EdgeStream | undefined, body: Uint8Array): boolean {
    if (stream === undefined) {
      if (this.#asked.has(id)) return this.unexpected('CONNECTED for a RESOLVE');
      return this.#late(this.#half.connected(id), 'CONNECTED');
    }
    if (stream.incoming || stream.state !== 'connecting') throw this.violation('CONNECTED on an open stream');
    try {
      stream.receiveConnected(decodeConnected(body));
    } catch (error) {
      if (!TorError.is(error) || (error.code !== 'TRUNCATED' && error.code !== 'VALUE_OUT_OF_RANGE')) throw error;
      this.breakOff(stream, EndReason.TORPROTOCOL);
      return false;
    }
    return true;
  }

  #receiveResolved(id: number, body: Uint8Array): boolean {
    const outcome = this.#asked.get(id);
    if (outcome === undefined) {
      if (this.#streams.has(id)) throw this.violation('RESOLVED on a stream');
      return this.#late(this.#half.end(id), 'RESOLVED');
    }
    this.#asked.delete(id);
    try {
      outcome(decodeResolved(body));
      return true;
    } catch (error) {
      if (!TorError.is(error) || error.kind !== 'protocol') throw error;
      outcome({ reason: EndReason.TORPROTOCOL, remote: false });
      return false;
    }
  }

  #receiveEnd(id: number, stream: EdgeStream | undefined, end: End): boolean {
    if (stream === undefined) return this.#endOfOther(id, end);
    const connecting = stream.state === 'connecting' && !stream.incoming;
    this.#streams.delete(id);
    stream.finish({ remote: true, ...end });
    this.#events.closed?.(id, end.reason, true);
    if (connecting) this.#checkRefusal(end.reason);
    return true;
  }

  #endOfOther(id: number, end: End): boolean {
    const outcome = this.#asked.get(id);
    if (outcome !== undefined) {
      this.#asked.delete(id);
      outcome({ remote: true, ...end });
      this.#checkRefusal(end.reason);
      return true;
    }
    const cancel = this.#answering.get(id);
    if (cancel !== undefined) {
      this.#answering.delete(id);
      cancel();
      return true;
    }
    return this.#late(this.#half.end(id), 'END');
  }

  /** An exit that complains of our very first message may have been given a tampered one: C tor leaves the circuit. */
  #checkRefusal(reason: number): void {
    if (!this.settings.strict || !this.settings.maskReasons) return;
    if (reason === EndReason.TORPROTOCOL || reason === EndReason.DESTROY) {
      throw this.violation('the exit called our request a protocol violation');
    }
  }

  #late(lateness: Lateness, what: string): boolean {
    return lateness === 'unexpected' ? this.unexpected(`${what} for an unknown stream`) : lateness === 'valid';
  }

  /** A message that no honest far end sends: closes the circuit at the origin, is ignored at a relay. */
  unexpected(what: string): false {
    if (this.settings.strict) throw this.violation(what);
    return false;
  }

  violation(what: string): TorError {
    return new TorError('CIRCUIT_PROTOCOL', `the far end broke the stream protocol: ${what}`);
  }

  /** Ends a stream whose far end cannot be understood, and tells its owner. */
  breakOff(stream: EdgeStream, reason: number): void {
    this.port.send(
      RelayCommand.END,
      stream.id,
      encodeEnd({ reason: this.settings.maskReasons ? EndReason.MISC : reason }),
    );
    this.#streams.delete(stream.id);
    if (this.settings.strict) {
      this.#half.add(stream.id, {
        deadlineMs: this.halfClosedDeadlineMs(),
        sendmesLeft: 0,
        dataLeft: 0,
        connectedLeft: false,
      });
    }
    stream.finish({ reason, remote: false });
    this.#events.closed?.(stream.id, reason, false);
  }

  /** After the last cell of a run. */
  runEnd(): void {
    if (this.#touched.length === 0) return;
    const touched = this.#touched;
    this.#touched = [];
    for (const stream of touched) stream.endRun();
  }

  // Room.

  /** The hop has room again: stopped streams get their turns, fairly. */
  resume(): void {
    if (this.#resuming) return;
    this.#resuming = true;
    try {
      while (this.#blocked.length > 0 && this.port.room() > 0) this.#resumeRound();
    } finally {
      this.#resuming = false;
      this.#turnCells = Number.POSITIVE_INFINITY;
    }
  }

  #resumeRound(): void {
    const round = this.#blocked;
    this.#blocked = [];
    const share = Math.ceil(this.port.room() / round.length);
    for (let i = 0; i < round.length; i++) {
      if (this.port.room() <= 0) {
        this.#blocked = [...round.slice(i), ...this.#blocked];
        return;
      }
      const stream = round[i] as EdgeStream;
      stream.queued = false;
      this.#turnCells = share;
      stream.wake();
    }
  }

  /** Whether a stream may send one more DATA cell now; if not it waits for `resume()`. */
  takeTurn(stream: EdgeStream): boolean {
    if (this.#turnCells > 0 && this.port.room() > 0) {
      this.#turnCells--;
      return true;
    }
    if (!stream.queued) {
      stream.queued = true;
      this.#blocked.push(stream);
    }
    return false;
  }

  // What streams tell their table.

  nowMs(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#timers.after(delayMs, callback, { background: true });
  }

  touch(stream: EdgeStream): void {
    if (stream.touched) return;
    stream.touched = true;
    this.#touched.push(stream);
  }

  opened(id: number): void {
    this.#events.opened?.(id);
  }

  signalled(id: number, signal: 'xoff' | 'xon'): void {
    this.#events.flow?.(id, signal);
  }

  halfClosedDeadlineMs(): number {
    return this.nowMs() + Math.max(this.settings.halfClosedMs ?? halfClosedMs, this.port.maxRttMs);
  }

  endedHere(stream: EdgeStream, reason: number, half: HalfClosed): void {
    this.#streams.delete(stream.id);
    if (this.settings.strict) this.#half.add(stream.id, half);
    this.#events.closed?.(stream.id, reason, false);
  }

  /** The circuit is gone: everybody hears DESTROY. */
  close(remote: boolean): void {
    const end: StreamEnd = { reason: EndReason.DESTROY, remote };
    const [streams, asked, answering] = [
      [...this.#streams.values()],
      [...this.#asked.values()],
      [...this.#answering.values()],
    ];
    this.#streams.clear();
    this.#asked.clear();
    this.#answering.clear();
    this.#half.clear();
    this.#blocked = [];
    this.#touched = [];
    for (const stream of streams) {
      stream.finish(end);
      this.#events.closed?.(stream.id, EndReason.DESTROY, remote);
    }
    for (const outcome of asked) outcome(end);
    for (const cancel of answering) cancel();
  }
}
