import { base16, concatBytes, fromLatin1 } from '../../../base/bytes/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import {
  blindExpandedKey,
  type Ed25519KeyPair,
  type ExpandedKey,
  ed25519KeyPair,
  opeEncrypt,
  opeMax,
  sha3_256,
} from '../../../crypto/primitives/index.ts';
import { blindingParameter, subcredentialOf } from '../common/keys.ts';
import type { ServiceIntroPoint } from './intro-point.ts';

const opeKeyPrefix = fromLatin1('rev-counter-generation\0');

/** What a service has for one time period: keys, introduction points, and where its descriptor lies. */
export class PeriodDescriptor {
  readonly periodNumber: number;
  readonly blinded: ExpandedKey;
  readonly subcredential: Uint8Array;
  readonly signingKey: Ed25519KeyPair;
  /** By authentication key, base16. */
  readonly introPoints = new Map<string, ServiceIntroPoint>();
  /** Fingerprint to the time until which a relay that failed us is not chosen again. */
  readonly failing = new Map<string, number>();
  /** Fingerprints of the HSDirs of the last upload. */
  uploadedTo: ReadonlySet<string> = new Set();
  nextUploadMs = 0;
  /** As it was last uploaded. */
  text: string | undefined;
  /** Fewer relays could be chosen than were wanted. */
  missingIntroPoints = false;
  readonly #opeKey: Uint8Array;
  #lastCounterInput = 0;

  constructor(
    identity: ExpandedKey,
    period: { readonly number: number; readonly lengthMinutes: number },
    random: Random,
  ) {
    this.periodNumber = period.number;
    this.blinded = blindExpandedKey(
      identity,
      blindingParameter(identity.publicKey, period.number, period.lengthMinutes),
    );
    this.subcredential = subcredentialOf(identity.publicKey, this.blinded.publicKey);
    this.signingKey = ed25519KeyPair(random.bytes(32));
    this.#opeKey = sha3_256(concatBytes(opeKeyPrefix, this.blinded.expanded));
  }

  get blindedKey(): Uint8Array {
    return this.blinded.publicKey;
  }

  get established(): readonly ServiceIntroPoint[] {
    return [...this.introPoints.values()].filter((point) => point.established);
  }

  add(point: ServiceIntroPoint): void {
    this.introPoints.set(base16(point.authKey.publicKey), point);
  }

  remove(point: ServiceIntroPoint): void {
    this.introPoints.delete(base16(point.authKey.publicKey));
  }

  /**
   * The next revision counter: the seconds since the shared random value of this descriptor came to be, encrypted so that
   * order stays and the clock does not show. Two uploads in one second still count up. spec: rend-spec-v3 F
   */
  nextRevisionCounter(nowSec: number, srvStartSec: number): number {
    const seconds = Math.max(1, Math.floor(nowSec) - srvStartSec + 1, this.#lastCounterInput + 1);
    this.#lastCounterInput = Math.min(seconds, opeMax);
    return opeEncrypt(this.#opeKey, this.#lastCounterInput);
  }

  /** When the counter may not count up yet without running ahead of the clock, how long to wait. */
  earlyByMs(nowMs: number, srvStartSec: number): number {
    return Math.max(0, (srvStartSec + this.#lastCounterInput) * 1000 - nowMs);
  }

  close(): void {
    for (const point of this.introPoints.values()) point.close();
    this.introPoints.clear();
  }
}
