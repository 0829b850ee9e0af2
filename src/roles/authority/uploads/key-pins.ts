import { base64Unpadded, fromBase64, latin1 } from '../../../base/bytes/index.ts';
import { formatIsoTime } from '../format/time.ts';

export type PinCheck = 'found' | 'mismatch' | 'unknown';

/** Name of the file in the data directory. */
export const keyPinFile = 'key-pinning-journal';

export interface PinLoadReport {
  readonly entries: number;
  readonly corrupt: number;
  readonly duplicates: number;
  readonly conflicts: number;
}

interface Pin {
  readonly rsa: string;
  readonly ed25519: string;
}

/** Which RSA identity goes with which Ed25519 identity, first come first served. spec: proposal 220 */
export class KeyPins {
  readonly #byRsa = new Map<string, Pin>();
  readonly #byEd25519 = new Map<string, Pin>();
  readonly #journal: (line: string) => void;

  /** `journal` is called with each line to add to the file. */
  constructor(journal: (line: string) => void) {
    this.#journal = journal;
  }

  get size(): number {
    return this.#byRsa.size;
  }

  check(rsaId: Uint8Array, ed25519Id: Uint8Array): PinCheck {
    const byRsa = this.#byRsa.get(latin1(rsaId));
    const byEd25519 = this.#byEd25519.get(latin1(ed25519Id));
    if (byRsa === undefined && byEd25519 === undefined) return 'unknown';
    return byRsa === byEd25519 ? 'found' : 'mismatch';
  }

  /** A relay that tells no Ed25519 identity must never have told one. */
  checkLoneRsa(rsaId: Uint8Array): PinCheck {
    return this.#byRsa.has(latin1(rsaId)) ? 'mismatch' : 'unknown';
  }

  /** Pins an unknown pair. `replace`: a new pair displaces what it contradicts (AuthDirPinKeys 0). */
  checkAndAdd(rsaId: Uint8Array, ed25519Id: Uint8Array, replace: boolean): PinCheck {
    const check = this.check(rsaId, ed25519Id);
    if (check === 'found' || (check === 'mismatch' && !replace)) return check;
    this.#put({ rsa: latin1(rsaId), ed25519: latin1(ed25519Id) });
    this.#journal(`${base64Unpadded(rsaId)} ${base64Unpadded(ed25519Id)}\n`);
    return 'unknown';
  }

  #put(pin: Pin): 'new' | 'duplicate' | 'conflict' {
    const byRsa = this.#byRsa.get(pin.rsa);
    const byEd25519 = this.#byEd25519.get(pin.ed25519);
    if (byRsa !== undefined && byRsa === byEd25519) return 'duplicate';
    for (const old of [byRsa, byEd25519]) {
      if (old === undefined) continue;
      this.#byRsa.delete(old.rsa);
      this.#byEd25519.delete(old.ed25519);
    }
    this.#byRsa.set(pin.rsa, pin);
    this.#byEd25519.set(pin.ed25519, pin);
    return byRsa === undefined && byEd25519 === undefined ? 'new' : 'conflict';
  }

  /** Reads a journal; of lines that contradict each other the later counts. */
  load(text: string): PinLoadReport {
    const report = { entries: 0, corrupt: 0, duplicates: 0, conflicts: 0 };
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('@') || line.startsWith('#')) continue;
      const match = /^([A-Za-z0-9+/]{27}) ([A-Za-z0-9+/]{43})$/.exec(line);
      if (match === null) {
        if (line.trim() !== '') report.corrupt++;
        continue;
      }
      const [rsa, ed25519] = [fromBase64(match[1] as string), fromBase64(match[2] as string)];
      const outcome = this.#put({ rsa: latin1(rsa.subarray(0, 20)), ed25519: latin1(ed25519.subarray(0, 32)) });
      report.entries++;
      if (outcome === 'duplicate') report.duplicates++;
      if (outcome === 'conflict') report.conflicts++;
    }
    return report;
  }
}

/** What is added to the journal when it is opened: the empty line ends one that was cut off. */
export const openingLines = (nowMs: number): string => `\n@opened-at ${formatIsoTime(nowMs)}\n`;
