import { TorError } from '../../../base/errors/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import { type HsNtorClient, hsNtorClient } from '../../../crypto/handshake/index.ts';
import { hsClientLayer, hsKeyLength } from '../../../crypto/relaycell/index.ts';
import type { OriginCircuit } from '../../../protocol/circuit/index.ts';
import {
  decodeIntroduceAck,
  decodeRendezvous2,
  type ExtensionField,
  encodeEstablishRendezvous,
  encodeIntroduce,
  encodeIntroduceHead,
  encodeIntroducePlaintext,
  IntroduceAckStatus,
  IntroduceExtension,
  RelayCommand,
} from '../../../wire/relaymsg/index.ts';
import type { IntroPoint, ServiceDescriptor } from './descriptor.ts';

const cookieLength = 20;
/** C tor pads the whole of INTRODUCE1 to this. */
const introduce1MinBytes = 246;
const macLength = 32;
const clientKeyLength = 32;

/** A rendezvous circuit whose last relay knows our cookie. */
export class RendezvousPoint {
  readonly circuit: OriginCircuit;
  readonly cookie: Uint8Array;

  private constructor(circuit: OriginCircuit, cookie: Uint8Array) {
    this.circuit = circuit;
    this.cookie = cookie;
  }

  /** Sends ESTABLISH_RENDEZVOUS, once. spec: rend-spec-v3 4.1 */
  static async establish(circuit: OriginCircuit, random: Random, timeoutMs: number): Promise<RendezvousPoint> {
    const cookie = random.bytes(cookieLength);
    const established = circuit.awaitMessage(RelayCommand.RENDEZVOUS_ESTABLISHED, { timeoutMs });
    circuit.sendMessage(RelayCommand.ESTABLISH_RENDEZVOUS, encodeEstablishRendezvous(cookie));
    await established;
    return new RendezvousPoint(circuit, cookie);
  }
}

/** What both messages of one attempt share. */
export interface Introduction {
  readonly point: RendezvousPoint;
  readonly descriptor: ServiceDescriptor;
  readonly introPoint: IntroPoint;
  readonly handshake: HsNtorClient;
  /** Ask the service for congestion control on the joined circuit. */
  readonly congestion: boolean;
}

export function prepareIntroduction(
  random: Random,
  point: RendezvousPoint,
  descriptor: ServiceDescriptor,
  introPoint: IntroPoint,
  congestionEnabled: boolean,
): Introduction {
  const { authKey, encKey } = introPoint;
  const handshake = hsNtorClient(random, { authKey, encKey, subcredential: descriptor.subcredential });
  const congestion = congestionEnabled && descriptor.congestionSendmeInc !== undefined;
  return { point, descriptor, introPoint, handshake, congestion };
}

/** The body of INTRODUCE1. spec: rend-spec-v3 3.2, 3.3 */
export function introduce1(introduction: Introduction): Uint8Array {
  const { point, introPoint, handshake } = introduction;
  const rendezvous = point.circuit.hops.at(-1)?.target;
  if (rendezvous === undefined) throw new TorError('INTERNAL', 'a rendezvous circuit without a last hop');
  const extensions: ExtensionField[] = introduction.congestion
    ? [{ type: IntroduceExtension.CC_REQUEST, body: new Uint8Array(0) }]
    : [];
  const head = encodeIntroduceHead(introPoint.authKey);
  const plaintext = encodeIntroducePlaintext(
    {
      rendezvousCookie: point.cookie,
      extensions,
      onionKey: rendezvous.ntorKey,
      linkSpecifiers: rendezvous.linkSpecifiers,
    },
    introduce1MinBytes - head.length - clientKeyLength - macLength,
  );
  return encodeIntroduce(head, handshake.introduce(head, plaintext));
}

/** Sends INTRODUCE1 and waits for its answer. Throws ONION_INTRO_FAILED (fact `status`) or what the circuit throws. */
export async function introduce(
  circuit: OriginCircuit,
  introduction: Introduction,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const answered = circuit.awaitMessage(RelayCommand.INTRODUCE_ACK, options);
  circuit.sendMessage(RelayCommand.INTRODUCE1, introduce1(introduction));
  const status = decodeIntroduceAck((await answered).body);
  if (status !== IntroduceAckStatus.SUCCESS) {
    throw new TorError('ONION_INTRO_FAILED', `the introduction point answered ${status}`, { facts: { status } });
  }
}

/** Verifies RENDEZVOUS2 and adds the end-to-end hop. Throws HANDSHAKE_FAILED. spec: rend-spec-v3 4.2 */
export function join(introduction: Introduction, rendezvous2: Uint8Array): void {
  const keys = introduction.handshake.finish(decodeRendezvous2(rendezvous2));
  const sendmeInc = introduction.descriptor.congestionSendmeInc;
  introduction.point.circuit.addVirtualHop(
    hsClientLayer(keys.keys(hsKeyLength)),
    introduction.congestion && sendmeInc !== undefined ? { congestion: { sendmeInc } } : {},
  );
}
