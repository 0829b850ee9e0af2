import { base16Upper } from '../../../base/bytes/index.ts';
import type { BandwidthFile } from '../../../wire/netdoc/index.ts';

const maxAgeMs = 3 * 24 * 3600_000;

/** What a bandwidth scanner has measured, kilobytes a second. Kept from file to file, for three days. */
export class MeasuredBandwidths {
  readonly #measured = new Map<string, { readonly kb: number; readonly timestampMs: number }>();

  /** Takes over a file. Says why it is not used. */
  take(file: BandwidthFile, nowMs: number): string | undefined {
    if (file.timestampMs === undefined) return 'The bandwidth file does not begin with a time.';
    if (nowMs - file.timestampMs > maxAgeMs) {
      return `Bandwidth measurement file stale. Age: ${Math.floor((nowMs - file.timestampMs) / 1000)}`;
    }
    for (const { rsaId, bandwidth } of file.lines) {
      const key = base16Upper(rsaId);
      const known = this.#measured.get(key);
      if (known === undefined || file.timestampMs > known.timestampMs) {
        this.#measured.set(key, { kb: bandwidth, timestampMs: file.timestampMs });
      }
    }
    for (const [key, { timestampMs }] of this.#measured) {
      if (nowMs > timestampMs + maxAgeMs) this.#measured.delete(key);
    }
    return undefined;
  }

  clear(): void {
    this.#measured.clear();
  }

  of(rsaId: Uint8Array): number | undefined {
    return this.#measured.get(base16Upper(rsaId))?.kb;
  }
}
