import { TokenBucket } from '../../base/util/index.ts';

const scaleCountAt = 200;
const scaleBytesAt = 10 * 1024 * 1024;
const maxRate = 0x7fffffff;

/**
 * What the far end's XOFF and XON let us send, and whether it may have sent them: an end that has not got enough bytes to
 * fill its buffer cannot honestly say XOFF.
 *
 * spec: proposal 324, 4; C tor `congestion_control_flow.c`
 */
export class SendGate {
  #stopped = false;
  #bucket: TokenBucket | undefined;
  #sentBytes = 0;
  #xoffs = 0;
  #xons = 0;

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Bytes that the advised rate lets out now. */
  allowance(nowMs: number): number {
    if (this.#stopped) return 0;
    return this.#bucket === undefined ? Number.POSITIVE_INFINITY : Math.floor(this.#bucket.available(nowMs));
  }

  /** Milliseconds until `bytes` may go, when only the advised rate holds them. */
  waitMs(bytes: number, nowMs: number): number {
    return this.#bucket?.waitMs(bytes, nowMs) ?? 0;
  }

  get limited(): boolean {
    return this.#bucket !== undefined;
  }

  sent(bytes: number, nowMs: number): void {
    if (this.#sentBytes >= scaleBytesAt - bytes) this.#scale();
    this.#sentBytes += bytes;
    this.#bucket?.spend(bytes, nowMs);
  }

  /** Whether this XOFF is believable; it counts either way, except a second one in a row. */
  xoff(peerLimitBytes: number | undefined): boolean {
    if (this.#stopped) return false;
    if (this.#xoffs === scaleCountAt) this.#scale();
    this.#xoffs++;
    this.#stopped = true;
    return peerLimitBytes === undefined || this.#sentBytes >= peerLimitBytes * this.#xoffs;
  }

  /** Whether this XON is believable; it counts either way. */
  xon(kbps: number, peerLimitBytes: number | undefined, nowMs: number): boolean {
    if (this.#xons === scaleCountAt) this.#scale();
    this.#xons++;
    this.#stopped = false;
    const rate = kbps * 1000;
    if (rate === 0 || rate > maxRate) this.#bucket = undefined;
    else if (this.#bucket === undefined) this.#bucket = new TokenBucket(rate, rate, nowMs);
    else this.#bucket.adjust(rate, rate);
    return peerLimitBytes === undefined || this.#sentBytes >= peerLimitBytes * this.#xons;
  }

  #scale(): void {
    this.#sentBytes = Math.floor(this.#sentBytes / 2);
    this.#xoffs = Math.floor(this.#xoffs / 2);
    this.#xons = Math.floor(this.#xons / 2);
  }
}
