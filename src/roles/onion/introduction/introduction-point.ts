import { base16, concatBytes, fromLatin1 } from '../../../base/bytes/index.ts';
import type { Clock } from '../../../base/runtime/index.ts';
import { ed25519Verify, secretEqual, sha3Mac } from '../../../crypto/primitives/index.ts';
import type { RelayCircuit } from '../../../protocol/circuit/index.ts';
import { DestroyReason } from '../../../wire/cell/index.ts';
import {
  decodeEstablishIntro,
  decodeIntroduce,
  type EstablishIntro,
  encodeIntroduceAck,
  encodeIntroEstablished,
  type IntroDosParams,
  IntroduceAckStatus,
  introDosParams,
  RelayCommand,
} from '../../../wire/relaymsg/index.ts';
import { type IntroDosDefaults, IntroductionLimit } from './introduction-limit.ts';

const signaturePrefix = fromLatin1('Tor establish-intro cell v1');
/** C tor's largest INTRODUCE1 that can still become an INTRODUCE2 (0.4.9). */
const maxIntroduce1Bytes = 490;
/** C tor answers nothing that is shorter. */
const shortestBytes = 20;

interface Established {
  readonly circuit: RelayCircuit;
  readonly authKey: string;
  readonly limit: IntroductionLimit;
}

/** Passes introductions from clients to services. spec: rend-spec-v3 3.1, 3.2; C tor hs_intropoint.c */
export class IntroductionPoint {
  readonly #clock: Clock;
  readonly #defaults: () => IntroDosDefaults;
  readonly #byKey = new Map<string, Established>();
  readonly #byCircuit = new Map<RelayCircuit, Established>();
  /** Circuits of clients that have sent their one INTRODUCE1. */
  readonly #used = new WeakSet<RelayCircuit>();

  constructor(deps: { readonly clock: Clock }, options: { readonly defaults: () => IntroDosDefaults }) {
    this.#clock = deps.clock;
    this.#defaults = options.defaults;
  }

  get services(): number {
    return this.#byKey.size;
  }

  isEstablished(circuit: RelayCircuit): boolean {
    return this.#byCircuit.has(circuit);
  }

  /**
   * ESTABLISH_INTRO. A circuit that is something else already, or does not prove its key, is closed. Gives what MetricsPort
   * calls the outcome, as `introduce` does.
   */
  establish(circuit: RelayCircuit, body: Uint8Array): string {
    const isFree = circuit.nextChannel === undefined && !circuit.isSpliced && !this.#byCircuit.has(circuit);
    const message = isFree ? proven(circuit, body) : undefined;
    if (message === undefined) {
      circuit.close(DestroyReason.TORPROTOCOL);
      return isFree ? 'malformed' : 'unsuitable_circuit';
    }
    const authKey = base16(message.authKey);
    const older = this.#byKey.get(authKey);
    const established = { circuit, authKey, limit: this.#limit(message) };
    this.#byKey.set(authKey, established);
    this.#byCircuit.set(circuit, established);
    if (older !== undefined) {
      this.#byCircuit.delete(older.circuit);
      older.circuit.close(DestroyReason.FINISHED);
    }
    circuit.sendMessage(RelayCommand.INTRO_ESTABLISHED, encodeIntroEstablished());
    return 'success';
  }

  /**
   * INTRODUCE1: answered with INTRODUCE_ACK, and passed on as INTRODUCE2 when the service is here and takes more. What
   * cannot be one at all and a second one close the circuit.
   */
  introduce(circuit: RelayCircuit, body: Uint8Array): string {
    const isReused = this.#used.has(circuit) || this.#byCircuit.has(circuit);
    if (isReused || body.length < shortestBytes) {
      circuit.close(DestroyReason.TORPROTOCOL);
      return isReused ? 'circuit_reused' : 'malformed';
    }
    this.#used.add(circuit);
    const { status, outcome } = this.#pass(body);
    circuit.sendMessage(RelayCommand.INTRODUCE_ACK, encodeIntroduceAck(status));
    return outcome;
  }

  closed(circuit: RelayCircuit): void {
    const established = this.#byCircuit.get(circuit);
    if (established === undefined) return;
    this.#byCircuit.delete(circuit);
    if (this.#byKey.get(established.authKey) === established) this.#byKey.delete(established.authKey);
  }

  #limit(message: EstablishIntro): IntroductionLimit {
    return new IntroductionLimit(askedOf(message), this.#defaults(), this.#clock.monotonic());
  }

  #pass(body: Uint8Array): { readonly status: number; readonly outcome: string } {
    const malformed = { status: IntroduceAckStatus.BAD_FORMAT, outcome: 'malformed' };
    if (body.length > maxIntroduce1Bytes) return malformed;
    let authKey: string;
    try {
      authKey = base16(decodeIntroduce(body).authKey);
    } catch {
      return malformed;
    }
    const service = this.#byKey.get(authKey);
    if (service === undefined) return { status: IntroduceAckStatus.UNKNOWN_ID, outcome: 'unknown_service' };
    // C tor has no other word for it: a client is not to see which services are under attack.
    if (!service.limit.pass(this.#defaults(), this.#clock.monotonic())) {
      return { status: IntroduceAckStatus.UNKNOWN_ID, outcome: 'rate_limited' };
    }
    service.circuit.sendMessage(RelayCommand.INTRODUCE2, body);
    return { status: IntroduceAckStatus.SUCCESS, outcome: 'success' };
  }
}

/** A wish that cannot be read is none. */
function askedOf(message: EstablishIntro): IntroDosParams | undefined {
  try {
    return introDosParams(message.extensions);
  } catch {
    return undefined;
  }
}

function proven(circuit: RelayCircuit, body: Uint8Array): EstablishIntro | undefined {
  try {
    const message = decodeEstablishIntro(body);
    if (!secretEqual(sha3Mac(circuit.keyHash, message.macInput), message.handshakeAuth)) return undefined;
    const signed = concatBytes(signaturePrefix, message.signatureInput);
    return ed25519Verify(message.signature, signed, message.authKey) ? message : undefined;
  } catch {
    return undefined;
  }
}
