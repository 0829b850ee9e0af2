import type { RelayCommand } from '../../../wire/relaymsg/index.ts';
import type { AcceptResolve, AcceptStream } from '../../stream/index.ts';

/** One end of one circuit, as a set of circuits uses it. Implemented by `HopEnd`. */
export interface LegEnd {
  readonly congestionControlled: boolean;
  readonly maxRttMs: number;
  /** The round trip that congestion control measured; 0 before it did. */
  readonly rttMs: number;
  /** A whole SENDME's worth of cells is on its way. */
  readonly hasUnacknowledged: boolean;
  room(): number;
  nextDataLength(available: number): number;
  sendData(streamId: number, bytes: Uint8Array, from: number, to: number): void;
  send(command: number, streamId: number, message: Uint8Array): void;
}

/** What a circuit brings when it becomes a leg. */
export interface LegOwner {
  readonly end: LegEnd;
  /** Closes the circuit. */
  close(reason: number): void;
  /** At exits: answers what comes over this leg. */
  readonly acceptStream?: AcceptStream;
  readonly acceptResolve?: AcceptResolve;
}

/** A message that came before those it follows. */
export interface EarlyMessage {
  readonly sequence: number;
  readonly command: (typeof RelayCommand)[keyof typeof RelayCommand] | number;
  readonly streamId: number;
  readonly body: Uint8Array;
}

/** A circuit of a set. Sequence numbers count the messages of the whole set, as they were sent. */
export class ConfluxLeg {
  readonly owner: LegOwner;
  readonly end: LegEnd;
  lastSent: number;
  lastReceived: number;
  /** Of LINK and LINKED, until congestion control has measured one; 0: none yet, and nothing is sent here. */
  linkRttMs = 0;
  /** In the order of their numbers. */
  readonly early: EarlyMessage[] = [];

  constructor(owner: LegOwner, start: { readonly lastSent: number; readonly lastReceived: number }) {
    this.owner = owner;
    this.end = owner.end;
    this.lastSent = start.lastSent;
    this.lastReceived = start.lastReceived;
  }

  get rttMs(): number {
    return this.end.rttMs || this.linkRttMs;
  }
}
