import { TorError } from '../../base/errors/index.ts';
import type { Timer } from '../../base/runtime/index.ts';
import {
  type ConnectedAddress,
  EndReason,
  encodeConnected,
  encodeEnd,
  encodeSendme,
  encodeXoff,
  encodeXon,
  RelayCommand,
} from '../../wire/relaymsg/index.ts';
import { DrainMeter, type FlowSignal } from './drain-meter.ts';
import type { HalfClosed } from './half-closed.ts';
import { backlogLimitBytes, streamWindow, streamWindowIncrement, windowBacklogBytes } from './limits.ts';
import { SendGate } from './send-gate.ts';
import type { IncomingStream, StreamBegin, StreamEnd, StreamHandler, StreamState } from './stream.ts';
import type { StreamOwner } from './stream-owner.ts';

/** The machine of one stream, the same at both ends. States: connecting → open → closed, half-closed after our END. */
export class EdgeStream implements IncomingStream {
  readonly id: number;
  readonly begin: StreamBegin;
  /** The far end asked for it. */
  readonly incoming: boolean;
  readonly #table: StreamOwner<EdgeStream>;
  #handler: StreamHandler | undefined;
  #state: StreamState = 'connecting';
  #bytesRead = 0;
  #bytesWritten = 0;
  #packageWindow = streamWindow;
  #deliverWindow = streamWindow;
  readonly #gate: SendGate | undefined;
  readonly #meter: DrainMeter | undefined;
  #paused = false;
  /** What waits on our side, as far as we were told: the last report and all that arrived since. 0 when nobody counts. */
  #backlogBytes = 0;
  #counting = false;
  /** `write()` took less than it was offered and `writable()` has not been called since. */
  #wantsRoom = false;
  #rateTimer: Timer | undefined;
  /** Data arrived in this run of cells; the table calls `endRun()` once. */
  touched = false;
  /** Stands in the table's queue of streams that the circuit stopped. */
  queued = false;

  constructor(
    table: StreamOwner<EdgeStream>,
    options: { readonly id: number; readonly begin: StreamBegin; incoming: boolean },
  ) {
    this.#table = table;
    this.id = options.id;
    this.begin = options.begin;
    this.incoming = options.incoming;
    if (table.port.congestionControlled) {
      this.#gate = new SendGate();
      this.#meter = new DrainMeter(table.settings.flow, table.settings.xoffLimitBytes);
    }
  }

  get state(): StreamState {
    return this.#state;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** What waits on our side, as far as anybody told. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** The table sets it right after construction, or once the accepting end has answered. */
  set handler(handler: StreamHandler) {
    this.#handler = handler;
  }

  get #live(): boolean {
    return this.#state === 'open' || this.#state === 'connecting';
  }

  // Sending.

  write(bytes: Uint8Array): number {
    if (!this.#live) return 0;
    let at = 0;
    if (this.#state === 'open' || !this.incoming) {
      at = this.#gate === undefined ? this.#packWindowed(bytes) : this.#packGated(bytes, this.#gate);
    }
    this.#bytesWritten += at;
    if (at < bytes.length) this.#wantsRoom = true;
    return at;
  }

  /** Fixed windows: 500 cells, 50 more with each SENDME. */
  #packWindowed(bytes: Uint8Array): number {
    const port = this.#table.port;
    let at = 0;
    while (at < bytes.length && this.#packageWindow > 0) {
      if (!this.#table.takeTurn(this)) break;
      const to = at + port.nextDataLength(bytes.length - at);
      this.#packageWindow--;
      port.sendData(this.id, bytes, at, to);
      at = to;
      if (!this.#live) break;
    }
    return at;
  }

  /** Congestion control: stopped by XOFF, slowed to the rate an XON advised. */
  #packGated(bytes: Uint8Array, gate: SendGate): number {
    if (gate.stopped) return 0;
    const port = this.#table.port;
    const nowMs = gate.limited ? this.#table.nowMs() : 0;
    const limit = Math.min(bytes.length, gate.allowance(nowMs));
    let at = 0;
    while (at < limit) {
      if (!this.#table.takeTurn(this)) break;
      const to = at + port.nextDataLength(limit - at);
      gate.sent(to - at, nowMs);
      port.sendData(this.id, bytes, at, to);
      at = to;
      if (!this.#live || gate.stopped) break;
    }
    if (at === limit && limit < bytes.length) this.#waitForRate(gate, bytes.length - at, nowMs);
    return at;
  }

  #waitForRate(gate: SendGate, wantedBytes: number, nowMs: number): void {
    if (this.#rateTimer !== undefined) return;
    // Whole milliseconds: a fraction that rounds away would wake us again at the same instant, for ever.
    const waitMs = Math.max(1, Math.ceil(gate.waitMs(Math.min(wantedBytes, 498), nowMs)));
    this.#rateTimer = this.#table.after(waitMs, () => {
      this.#rateTimer = undefined;
      this.wake();
    });
  }

  /** Something that held `write()` back is gone. */
  wake(): void {
    if (!this.#wantsRoom || !this.#live) return;
    this.#wantsRoom = false;
    this.#handler?.writable();
  }

  accept(address?: ConnectedAddress): void {
    if (!this.incoming || this.#state !== 'connecting') return;
    this.#state = 'open';
    this.#table.port.send(RelayCommand.CONNECTED, this.id, encodeConnected(address));
    this.#table.opened(this.id);
    this.#considerSendme();
    this.wake();
  }

  end(reason: number = EndReason.DONE, refused?: { readonly address: Uint8Array; readonly ttlSec: number }): void {
    if (!this.#live) return;
    const told = this.#table.settings.maskReasons ? EndReason.MISC : reason;
    const end =
      told === EndReason.EXITPOLICY && refused !== undefined ? { reason: told, ...refused } : { reason: told };
    const half = this.#halfClosed();
    this.#table.port.send(RelayCommand.END, this.id, encodeEnd(end));
    this.#leave('half-closed');
    this.#table.endedHere(this, reason, half);
    this.#handler?.endedHere?.({ reason, remote: false });
  }

  #halfClosed(): HalfClosed {
    const underCongestionControl = this.#gate !== undefined;
    return {
      deadlineMs: underCongestionControl ? this.#table.halfClosedDeadlineMs() : undefined,
      sendmesLeft: underCongestionControl
        ? 0
        : Math.floor((streamWindow - this.#packageWindow) / streamWindowIncrement),
      dataLeft: underCongestionControl ? 0 : this.#deliverWindow,
      connectedLeft: this.#state === 'connecting' && !this.incoming,
    };
  }

  #leave(state: 'half-closed' | 'closed'): void {
    this.#state = state;
    this.#rateTimer?.cancel();
    this.#rateTimer = undefined;
    this.#wantsRoom = false;
  }

  /** The far end's END came, or the circuit is gone: the last thing the handler hears. */
  finish(end: StreamEnd): void {
    const handler = this.#handler;
    this.#leave('closed');
    this.#handler = undefined;
    if (this.touched) handler?.dataEnd?.();
    this.touched = false;
    handler?.ended(end);
  }

  // Receiving. Each method says whether the message was a valid one; violations throw.

  receiveData(cell: Uint8Array, from: number, to: number): boolean {
    if (this.#state === 'connecting' && !this.incoming) return this.#table.unexpected('DATA before CONNECTED');
    const length = to - from;
    if (this.#meter === undefined) {
      this.#deliverWindow--;
      if (this.#deliverWindow < 0) throw this.#table.violation('more DATA than the stream window allows');
    } else if (this.#counting) {
      this.#signal(this.#meter.received(this.#backlogBytes, this.#table.nowMs()));
    }
    if (this.#counting) this.#addToBacklog(length);
    this.#bytesRead += length;
    if (length > 0) {
      this.#table.touch(this);
      // Half the cost of `subarray`, once for every cell.
      this.#handler?.data(new Uint8Array(cell.buffer, cell.byteOffset + from, length));
    }
    if (this.#meter === undefined) this.#considerSendme();
    return true;
  }

  #addToBacklog(length: number): void {
    this.#backlogBytes += length;
    if (this.#backlogBytes <= backlogLimitBytes) return;
    throw new TorError('STREAM_BACKLOG', undefined, { facts: { streamId: this.id, bytes: this.#backlogBytes } });
  }

  receiveConnected(address: ConnectedAddress | undefined): void {
    this.#state = 'open';
    this.#table.opened(this.id);
    this.#handler?.connected?.(address);
    this.wake();
  }

  receiveSendme(): boolean {
    if (this.#gate !== undefined) throw this.#table.violation('a stream SENDME under congestion control');
    if (this.#state === 'connecting' && !this.incoming) return this.#table.unexpected('SENDME before CONNECTED');
    if (this.#packageWindow + streamWindowIncrement > streamWindow) {
      throw this.#table.violation('a SENDME beyond the stream window');
    }
    this.#packageWindow += streamWindowIncrement;
    this.wake();
    return true;
  }

  receiveXoff(): boolean {
    if (this.#gate === undefined) return this.#table.unexpected('XOFF without congestion control');
    if (this.#state !== 'open') return this.#table.unexpected('XOFF before CONNECTED');
    return this.#gate.xoff(this.#table.settings.peerXoffLimitBytes);
  }

  receiveXon(kbps: number): boolean {
    if (this.#gate === undefined) return this.#table.unexpected('XON without congestion control');
    if (this.#state !== 'open') return this.#table.unexpected('XON before CONNECTED');
    const valid = this.#gate.xon(kbps, this.#table.settings.peerXonLimitBytes, this.#table.nowMs());
    this.#rateTimer?.cancel();
    this.#rateTimer = undefined;
    this.wake();
    return valid;
  }

  /** The table calls it after the last cell of a run. */
  endRun(): void {
    if (!this.touched) return;
    this.touched = false;
    if (this.#live) this.#handler?.dataEnd?.();
  }

  // Back-pressure toward the far end.

  pauseReading(): void {
    this.#paused = true;
    this.#counting = true;
  }

  resumeReading(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.reportBacklog(0);
  }

  reportBacklog(bytes: number): void {
    const writtenBytes = Math.max(0, this.#backlogBytes - bytes);
    this.#backlogBytes = bytes;
    this.#counting = bytes > 0 || this.#paused;
    if (!this.#live) return;
    if (this.#meter === undefined) this.#considerSendme();
    else this.#signal(this.#meter.drained(writtenBytes, bytes, this.#table.nowMs()));
  }

  #signal(signal: FlowSignal): void {
    if (signal === undefined || this.#state !== 'open') return;
    if (signal === 'xoff') this.#table.port.send(RelayCommand.XOFF, this.id, encodeXoff());
    else this.#table.port.send(RelayCommand.XON, this.id, encodeXon(this.#meter?.adviceKbps ?? 0));
    this.#table.signalled(this.id, signal);
  }

  /** A SENDME for every 50 cells delivered, unless our side is full or the stream is not open yet. */
  #considerSendme(): void {
    if (this.#state !== 'open' || this.#paused || this.#backlogBytes > windowBacklogBytes) return;
    while (this.#deliverWindow <= streamWindow - streamWindowIncrement) {
      this.#deliverWindow += streamWindowIncrement;
      this.#table.port.send(RelayCommand.SENDME, this.id, encodeSendme());
    }
  }
}
