import { concatBytes, fromLatin1 } from '../../../base/bytes/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import {
  type Ed25519KeyPair,
  ed25519KeyPair,
  ed25519Sign,
  sha3Mac,
  type X25519KeyPair,
  x25519KeyPair,
} from '../../../crypto/primitives/index.ts';
import type { ConsensusParams, Relay } from '../../../network/netdir/index.ts';
import type { OriginCircuit } from '../../../protocol/circuit/index.ts';
import {
  decodeIntroEstablished,
  encodeEstablishIntro,
  encodeEstablishIntroHead,
  type IntroDosParams,
  RelayCommand,
} from '../../../wire/relaymsg/index.ts';
import { ReplayCache } from './replay-cache.ts';

const signaturePrefix = fromLatin1('Tor establish-intro cell v1');
/** C tor keeps every introduction of a point's life; a bound on memory is worth more. */
const replayCapacity = 65_536;

/** One introduction point of one period's descriptor: chosen → connecting → established → (lost → connecting) → gone. */
export class ServiceIntroPoint {
  readonly relay: Relay;
  /** As when it was chosen: what the descriptor says. */
  readonly onionKey: Uint8Array;
  readonly authKey: Ed25519KeyPair;
  readonly encKey: X25519KeyPair;
  readonly expiresMs: number;
  readonly maxIntroductions: number;
  readonly replays: ReplayCache;
  introductions = 0;
  attempts = 0;
  /** Not tried again before. */
  retryMs = 0;
  #circuit: OriginCircuit | undefined;
  #connecting = false;
  #established = false;

  constructor(relay: Relay, params: ConsensusParams, random: Random, nowMs: number) {
    this.relay = relay;
    this.onionKey = relay.hopTarget().ntorKey;
    this.authKey = ed25519KeyPair(random.bytes(32));
    this.encKey = x25519KeyPair(random);
    const between = (low: number, high: number): number => low + random.below(Math.max(1, high - low));
    const lifetimeSec = between(params.get('hs_intro_min_lifetime'), params.get('hs_intro_max_lifetime'));
    this.expiresMs = nowMs + lifetimeSec * 1000;
    this.maxIntroductions = between(params.get('hs_intro_min_introduce2'), params.get('hs_intro_max_introduce2'));
    this.replays = new ReplayCache({ lifetimeMs: lifetimeSec * 1000, capacity: replayCapacity });
  }

  get established(): boolean {
    return this.#established;
  }

  /** A circuit is there or on its way. */
  get busy(): boolean {
    return this.#connecting || this.#circuit !== undefined;
  }

  get circuit(): OriginCircuit | undefined {
    return this.#circuit;
  }

  isSpent(nowMs: number): boolean {
    return nowMs >= this.expiresMs || this.introductions >= this.maxIntroductions;
  }

  connecting(): void {
    this.#connecting = true;
    this.attempts++;
  }

  connectFailed(): void {
    this.#connecting = false;
  }

  /**
   * connecting → established: sends ESTABLISH_INTRO and waits for the answer. The circuit is closed when that fails.
   * spec: rend-spec-v3 3.1
   */
  async establish(circuit: OriginCircuit, dos: IntroDosParams | undefined, timeoutMs: number): Promise<void> {
    this.#circuit = circuit;
    this.#connecting = false;
    try {
      const answered = circuit.awaitMessage(RelayCommand.INTRO_ESTABLISHED, { timeoutMs });
      circuit.sendMessage(RelayCommand.ESTABLISH_INTRO, this.#message(circuit, dos));
      decodeIntroEstablished((await answered).body);
      this.#established = true;
      this.attempts = 0;
    } catch (error) {
      this.lost();
      circuit.close();
      throw error;
    }
  }

  #message(circuit: OriginCircuit, dos: IntroDosParams | undefined): Uint8Array {
    const head = encodeEstablishIntroHead(this.authKey.publicKey, dos);
    const keyHash = circuit.hops.at(-1)?.keyHash ?? new Uint8Array(0);
    const signed = concatBytes(head, sha3Mac(keyHash, head));
    return encodeEstablishIntro(signed, ed25519Sign(concatBytes(signaturePrefix, signed), this.authKey));
  }

  lost(): void {
    this.#circuit = undefined;
    this.#established = false;
  }

  close(): void {
    const circuit = this.#circuit;
    this.lost();
    circuit?.close();
  }
}
