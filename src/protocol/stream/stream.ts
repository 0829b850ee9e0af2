import type { Begin, ConnectedAddress, ResolvedAnswer } from '../../wire/relaymsg/index.ts';

export type StreamState = 'connecting' | 'open' | 'half-closed' | 'closed';

/** What a stream asks for. */
export type StreamBegin = ({ readonly kind: 'begin' } & Begin) | { readonly kind: 'begin-dir' };

/** What the owner of a stream hears. Every call is synchronous, from within the arrival of a cell. */
export interface StreamHandler {
  /** The far end accepted; the address is told by exits only. */
  connected?(address: ConnectedAddress | undefined): void;
  /** Bytes arrived: a view, valid during the call. */
  data(bytes: Uint8Array): void;
  /** The end of a run of cells: flush once what was gathered. */
  dataEnd?(): void;
  /** END came, or the circuit went away. Nothing follows. */
  ended(end: StreamEnd): void;
  /** Our own side called `end()`: for those who count streams. Nothing follows. */
  endedHere?(end: StreamEnd): void;
  /** There is room again after `write()` took less than it was offered. */
  writable(): void;
}

/** Why a stream ended. */
export interface StreamEnd {
  /** An `EndReason`; DESTROY when the circuit went away. */
  readonly reason: number;
  /** Whether the far end said so (else: our circuit closed, or we broke off). */
  readonly remote: boolean;
  /** With EXITPOLICY: the address that was refused. */
  readonly address?: Uint8Array;
  readonly ttlSec?: number;
}

/** One stream, as either end sees it. */
export interface Stream {
  readonly id: number;
  readonly state: StreamState;
  /** Payload bytes handed to the handler and taken from `write()`. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /**
   * Takes what windows and queues let out now and packs it into DATA cells at once; returns the count taken. After a
   * short count `handler.writable()` is called when there is room. Allowed while 'connecting': optimistic data.
   */
  write(bytes: Uint8Array): number;
  /** Sends END and forgets the stream; late cells are tolerated within C tor's limits. Clients always send MISC. */
  end(reason?: number, refused?: { readonly address: Uint8Array; readonly ttlSec: number }): void;
  /** Back-pressure toward the far end: withholds SENDMEs, or sends XOFF when too much is waiting. */
  pauseReading(): void;
  resumeReading(): void;
  /**
   * A finer way than pausing: tells how many delivered bytes still wait on our side (in the application's socket), when
   * that is more than nothing and again when it has changed. Bytes that arrive in between are added by themselves.
   */
  reportBacklog(bytes: number): void;
}

/** A stream that the far end asked for. */
export interface IncomingStream extends Stream {
  readonly begin: StreamBegin;
  /** Sends CONNECTED; with the address only at exits. */
  accept(address?: ConnectedAddress): void;
}

/** What the accepting end answers: a handler (then `stream.accept()` now or later), or an END reason. */
export type AcceptStream = (begin: StreamBegin, stream: IncomingStream) => StreamHandler | number;

/**
 * How an exit answers RESOLVE: later or at once, once. What it returns is called when the asker gives up or the circuit
 * goes away.
 */
export type AcceptResolve = (
  name: string,
  answer: (answers: readonly ResolvedAnswer[]) => void,
) => (() => void) | undefined;
