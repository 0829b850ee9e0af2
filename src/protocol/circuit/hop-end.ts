import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import { secretEqual } from '../../crypto/primitives/index.ts';
import {
  carriesStreamId,
  decodeSendme,
  encodeSendme,
  maxDataLength,
  maxMessageLength,
  padRelayCell,
  type RelayCellFormat,
  RelayCommand,
  type RelayHeader,
  relayCommandName,
  type Sendme,
  writeRelayCell,
  writeRelayHeader,
} from '../../wire/relaymsg/index.ts';
import { type StreamPort, StreamTable, type StreamTableEvents, type StreamTableSettings } from '../stream/index.ts';
import type { ConfluxLeg, LegEnd } from './conflux/leg.ts';
import type { ConfluxSet } from './conflux/set.ts';
import { circuitWindowMax, type PackageWindow } from './package-window.ts';
import type { CircuitParams } from './params.ts';
import { TagQueue } from './tag-queue.ts';

/** Where a hop's cells go: the layer above encrypts and sends them. */
export interface HopTransport {
  readonly tagLength: number;
  readonly sentTag: Uint8Array;
  readonly receivedTag: Uint8Array;
  /**
   * Originates `cell` (509 bytes, changed in place) at this hop and sends it. `command` and `length` are those of the relay
   * message.
   */
  output(command: number, length: number, cell: Uint8Array): void;
  /** Our channel does not want more DATA of this circuit now. */
  blocked(): boolean;
  queuedCells(): number;
}

export interface HopEndDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface HopEndOptions {
  readonly format: RelayCellFormat;
  readonly window: PackageWindow;
  readonly params: CircuitParams;
  /** At a relay, a circuit made with CREATE_FAST may send SENDMEs without a tag whatever the consensus says. */
  readonly tolerateOldSendmes: boolean;
}

/** A DATA cell with no more bytes than this has 16 random ones, which make the next SENDME unforeseeable. */
const randomGap = 4 + 16;
/** The message in work, of whichever hop: a transport has copied it when `output` returns. */
const scratch = new Uint8Array(509);

/**
 * One end of a hop, at the origin or at the relay: windows, SENDMEs and streams of the messages between the two.
 *
 * spec: tor-spec 7, proposals 289 and 324
 */
export class HopEnd implements StreamPort, LegEnd {
  readonly format: RelayCellFormat;
  readonly window: PackageWindow;
  readonly congestionControlled: boolean;
  readonly #transport: HopTransport;
  readonly #deps: HopEndDeps;
  readonly #params: CircuitParams;
  readonly #tolerateOldSendmes: boolean;
  readonly #random: Random;
  readonly #maxData: number;
  #deliverWindow = circuitWindowMax;
  #tags: TagQueue | undefined;
  #streams: StreamTable | undefined;
  #conflux: { readonly set: ConfluxSet; readonly leg: ConfluxLeg } | undefined;
  #cellsUntilRandom: number;
  #sentRandom = false;

  constructor(transport: HopTransport, deps: HopEndDeps, options: HopEndOptions) {
    this.#deps = deps;
    this.#transport = transport;
    this.#random = deps.random;
    this.format = options.format;
    this.window = options.window;
    this.congestionControlled = options.window.view !== undefined;
    this.#params = options.params;
    this.#tolerateOldSendmes = options.tolerateOldSendmes;
    this.#maxData = maxDataLength(options.format);
    this.#cellsUntilRandom = this.#randomInterval();
  }

  // Streams.

  get streams(): StreamTable | undefined {
    return this.#streams;
  }

  /** The table of this hop's streams, made at its first use. */
  useStreams(settings: () => StreamTableSettings, events: StreamTableEvents): StreamTable {
    const { clock, timers, random } = this.#deps;
    this.#streams ??= new StreamTable({ clock, timers, random, port: this }, settings(), events);
    return this.#streams;
  }

  /** From now on the set's streams are this hop's; it must not have any of its own. */
  joinConflux(set: ConfluxSet, leg: ConfluxLeg): void {
    this.#conflux = { set, leg };
    this.#streams = set.streams;
  }

  get conflux(): { readonly set: ConfluxSet; readonly leg: ConfluxLeg } | undefined {
    return this.#conflux;
  }

  /** Bytes that streams hold because they go no further, and messages that came too early. */
  get heldBytes(): number {
    const conflux = this.#conflux;
    return conflux === undefined ? (this.#streams?.backlogBytes ?? 0) : conflux.set.heldBytes(conflux.leg);
  }

  /** The circuit is gone: its streams end, unless a set of circuits carries them on. */
  closeStreams(remote: boolean): void {
    if (this.#conflux === undefined) this.#streams?.close(remote);
    else this.#conflux.set.legClosed(this.#conflux.leg, remote);
  }

  get maxRttMs(): number {
    return this.window.maxRttMs;
  }

  get rttMs(): number {
    return this.window.rttMs;
  }

  get hasUnacknowledged(): boolean {
    return this.#tags !== undefined && this.#tags.length > 0;
  }

  room(): number {
    return this.#transport.blocked() ? 0 : this.window.room;
  }

  /** A full cell, but now and then one with room for random bytes. spec: proposal 289, 3.3 */
  nextDataLength(available: number): number {
    const force = this.#cellsUntilRandom === 0 && !this.#sentRandom;
    const length = Math.min(available, force ? this.#maxData - randomGap : this.#maxData);
    if (length <= this.#maxData - randomGap) this.#sentRandom = true;
    if (this.#cellsUntilRandom === 0) {
      this.#sentRandom = false;
      this.#cellsUntilRandom = this.#randomInterval();
    }
    this.#cellsUntilRandom--;
    return length;
  }

  #randomInterval(): number {
    return 50 + this.#random.below(50);
  }

  // Sending.

  /** Any message but DATA. Throws INTERNAL when it is too long. */
  send(command: number, streamId: number, message: Uint8Array): void {
    if (message.length > maxMessageLength(this.format, command)) {
      throw new TorError('INTERNAL', `a ${relayCommandName(command)} of ${message.length} bytes does not fit a cell`);
    }
    writeRelayCell(scratch, this.format, command, streamId, message, this.#random);
    this.#transport.output(command, message.length, scratch);
  }

  sendData(streamId: number, bytes: Uint8Array, from: number, to: number): void {
    const cell = scratch;
    const length = to - from;
    const start = writeRelayHeader(cell, this.format, RelayCommand.DATA, streamId, length);
    cell.set(length === bytes.length ? bytes : bytes.subarray(from, to), start);
    if (start + length < 509) padRelayCell(cell, start + length, this.#random);
    this.#transport.output(RelayCommand.DATA, length, cell);
    if (!this.window.sent()) return;
    this.#tags ??= new TagQueue();
    this.#tags.push(this.#transport.sentTag);
  }

  // Receiving.

  /**
   * Takes DATA, SENDME and every other stream message. True when the message was valid, false when it was ignored,
   * undefined when it is not for streams or windows. Throws when the circuit must be closed.
   */
  receive(header: RelayHeader, cell: Uint8Array): boolean | undefined {
    const { command, streamId, offset } = header;
    const end = offset + header.length;
    if (command === RelayCommand.DATA) this.#countData();
    else if (command === RelayCommand.SENDME && streamId === 0) return this.#receiveSendme(cell.subarray(offset, end));
    else if (command !== RelayCommand.SENDME && !carriesStreamId(command)) return undefined;
    const conflux = this.#conflux;
    if (conflux === undefined || command === RelayCommand.BEGIN_DIR || command === RelayCommand.SENDME) {
      return this.#streams?.receive(command, streamId, cell, offset, end);
    }
    return conflux.set.receive(conflux.leg, command, streamId, cell, { from: offset, to: end });
  }

  /** Every DATA cell counts, whatever becomes of it; a SENDME answers at once. */
  #countData(): void {
    this.#deliverWindow--;
    if (this.#deliverWindow < 0) throw violation('more DATA than the circuit window allows');
    if (this.#deliverWindow > circuitWindowMax - this.window.increment) return;
    this.#deliverWindow += this.window.increment;
    const { receivedTag, tagLength } = this.#transport;
    const authenticated = this.#params.sendmeEmitMinVersion === 1;
    this.send(
      RelayCommand.SENDME,
      0,
      authenticated ? encodeSendme(receivedTag.subarray(0, tagLength)) : encodeSendme(),
    );
  }

  #receiveSendme(body: Uint8Array): boolean {
    const sendme = decodeSendme(body);
    this.#checkVersion(sendme.version);
    const tag = this.#tags?.shift();
    if (tag === undefined) throw violation('a SENDME that nothing asked for');
    if (sendme.version === 1 && !this.#matches(sendme, tag)) throw violation('a SENDME with a wrong tag');
    if (!this.window.acknowledged(this.#transport.blocked(), this.#transport.queuedCells())) {
      throw violation('a SENDME beyond the circuit window');
    }
    this.#streams?.resume();
    return true;
  }

  #checkVersion(version: number): void {
    if (version === 0 && this.#tolerateOldSendmes) return;
    const least = this.#params.sendmeAcceptMinVersion;
    if (version < least || least > 1) throw violation(`a SENDME of version ${version}`);
  }

  #matches(sendme: Sendme, tag: Uint8Array): boolean {
    const length = this.#transport.tagLength;
    return sendme.tag.length === length && secretEqual(sendme.tag, tag.subarray(0, length));
  }
}

export const violation = (what: string): TorError =>
  new TorError('CIRCUIT_PROTOCOL', `the circuit protocol was broken: ${what}`);
