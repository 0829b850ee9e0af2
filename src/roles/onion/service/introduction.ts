import { base16 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Clock, Random } from '../../../base/runtime/index.ts';
import { type HsNtorRequest, hsNtorService } from '../../../crypto/handshake/index.ts';
import { hsKeyLength, hsServiceLayer } from '../../../crypto/relaycell/index.ts';
import type { CircuitManager } from '../../../network/circuits/index.ts';
import type { HopTarget, NetDir } from '../../../network/netdir/index.ts';
import type { OriginCircuit } from '../../../protocol/circuit/index.ts';
import { identityOf } from '../../../wire/linkspec/index.ts';
import { emptyProtover } from '../../../wire/protover/index.ts';
import {
  decodeIntroduce,
  decodeIntroducePlaintext,
  encodeRendezvous1,
  findExtension,
  IntroduceExtension,
  type IntroducePlaintext,
  RelayCommand,
} from '../../../wire/relaymsg/index.ts';
import type { ServiceIntroPoint } from './intro-point.ts';

/** C tor makes RENDEZVOUS1 as long as version 2 services' was: 168 bytes. */
const rendezvous1PaddingBytes = 84;

/** An INTRODUCE2 that proved to be for us, with where the client waits. */
export interface Introduction {
  readonly request: HsNtorRequest;
  readonly plaintext: IntroducePlaintext;
  readonly rendezvous: HopTarget;
  readonly congestion: boolean;
}

/**
 * Opens an INTRODUCE2. Throws TRUNCATED, VALUE_OUT_OF_RANGE, HANDSHAKE_FAILED, ONION_REPLAY.
 * spec: rend-spec-v3 3.3
 */
export function openIntroduction(
  body: Uint8Array,
  point: ServiceIntroPoint,
  subcredential: Uint8Array,
  netdir: NetDir | undefined,
  nowMs: number,
): Introduction {
  const message = decodeIntroduce(body);
  // The whole encrypted part must be new: an introduction point could send it again to make us build circuits.
  if (!point.replays.add(base16(message.encrypted), nowMs)) throw new TorError('ONION_REPLAY');
  const request = hsNtorService(
    { authKey: point.authKey.publicKey, encKey: point.encKey, subcredentials: [subcredential] },
    message.head,
    message.encrypted,
  );
  const plaintext = decodeIntroducePlaintext(request.plaintext);
  const { rsa, ed25519 } = identityOf(plaintext.linkSpecifiers);
  if (rsa === undefined) throw new TorError('VALUE_OUT_OF_RANGE', 'a rendezvous point without an identity');
  return {
    request,
    plaintext,
    congestion: findExtension(plaintext.extensions, IntroduceExtension.CC_REQUEST) !== undefined,
    rendezvous: {
      rsa,
      ...(ed25519 === undefined ? {} : { ed25519 }),
      ntorKey: plaintext.onionKey,
      linkSpecifiers: plaintext.linkSpecifiers,
      protover: netdir?.byRsaId(rsa)?.protover ?? emptyProtover,
    },
  };
}

export interface RendezvousDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly circuits: Pick<CircuitManager, 'circuitTo' | 'setHsState'>;
}

export interface RendezvousOptions {
  readonly tag: string;
  readonly attempts: number;
  readonly oneHop: boolean;
  readonly sendmeInc: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Called on the open circuit before RENDEZVOUS1 leaves: from then on the client may open streams. */
  readonly joined: (circuit: OriginCircuit) => void;
}

/** Goes to the client's rendezvous point and joins there. Rejects with what the last attempt failed with. */
export async function goToRendezvous(
  deps: RendezvousDeps,
  introduction: Introduction,
  options: RendezvousOptions,
): Promise<OriginCircuit> {
  const giveUpMs = deps.clock.monotonic() + options.timeoutMs;
  const answer = introduction.request.answer(deps.random);
  for (let attempt = 1; ; attempt++) {
    try {
      const circuit = await deps.circuits.circuitTo('hs-service-rend', introduction.rendezvous, {
        tag: options.tag,
        // A single onion service tries the direct way once, then a full circuit, as C tor.
        ...(options.oneHop && attempt === 1 ? { oneHop: true } : {}),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      const hop = circuit.addVirtualHop(
        hsServiceLayer(answer.keys(hsKeyLength)),
        introduction.congestion ? { congestion: { sendmeInc: options.sendmeInc } } : {},
      );
      options.joined(circuit);
      // To the rendezvous point itself, which is the hop before the one just added.
      circuit.sendMessage(
        RelayCommand.RENDEZVOUS1,
        encodeRendezvous1(
          introduction.plaintext.rendezvousCookie,
          answer.handshakeInfo,
          deps.random.bytes(rendezvous1PaddingBytes),
        ),
        circuit.hops[hop.index - 1],
      );
      deps.circuits.setHsState(circuit, 'hssr-joined');
      return circuit;
    } catch (error) {
      const late = deps.clock.monotonic() >= giveUpMs;
      if (attempt >= options.attempts || late || options.signal?.aborted === true) throw error;
    }
  }
}
