import type { ClientLayer } from '../../crypto/relaycell/index.ts';
import type { RelayCellFormat } from '../../wire/relaymsg/index.ts';
import { HopEnd, type HopEndDeps, type HopTransport } from './hop-end.ts';
import type { PackageWindow } from './package-window.ts';
import type { CircuitParams } from './params.ts';
import type { CongestionView, Hop, HopTarget } from './types.ts';

/** What a hop needs of its circuit. */
export interface HopOwner {
  /** Encrypts for the hops before `hop` and sends. */
  sendFrom(hop: OriginHop, command: number, length: number, cell: Uint8Array): void;
  blocked(): boolean;
  queuedCells(): number;
}

export interface OriginHopOptions {
  readonly index: number;
  readonly target: HopTarget | undefined;
  readonly handshake: Hop['handshake'];
  readonly layer: ClientLayer;
  readonly cgo: boolean;
  readonly keyHash: Uint8Array;
  readonly window: PackageWindow;
  readonly params: CircuitParams;
}

/** One hop of a circuit that starts here. */
export class OriginHop implements Hop, HopTransport {
  readonly index: number;
  readonly target: HopTarget | undefined;
  readonly handshake: Hop['handshake'];
  readonly cgo: boolean;
  readonly keyHash: Uint8Array;
  readonly layer: ClientLayer;
  readonly end: HopEnd;
  readonly #owner: HopOwner;

  constructor(owner: HopOwner, deps: HopEndDeps, options: OriginHopOptions) {
    this.#owner = owner;
    this.index = options.index;
    this.target = options.target;
    this.handshake = options.handshake;
    this.cgo = options.cgo;
    this.keyHash = options.keyHash;
    this.layer = options.layer;
    this.end = new HopEnd(this, deps, {
      format: options.cgo ? 1 : 0,
      window: options.window,
      params: options.params,
      tolerateOldSendmes: false,
    });
  }

  get format(): RelayCellFormat {
    return this.end.format;
  }

  get congestion(): CongestionView | undefined {
    return this.end.window.view;
  }

  get tagLength(): number {
    return this.layer.tagLength;
  }

  get sentTag(): Uint8Array {
    return this.layer.sentTag;
  }

  get receivedTag(): Uint8Array {
    return this.layer.receivedTag;
  }

  output(command: number, length: number, cell: Uint8Array): void {
    this.#owner.sendFrom(this, command, length, cell);
  }

  blocked(): boolean {
    return this.#owner.blocked();
  }

  queuedCells(): number {
    return this.#owner.queuedCells();
  }
}
