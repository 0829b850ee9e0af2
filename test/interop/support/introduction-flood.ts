import { nodeRuntime } from '../../../src/base/runtime/index.ts';
import { hsNtorClient } from '../../../src/crypto/handshake/index.ts';
import type { Tor } from '../../../src/index.ts';
import type { OriginCircuit } from '../../../src/protocol/circuit/index.ts';
import type { IntroPoint, ServiceDescriptor } from '../../../src/roles/onion/client/descriptor.ts';
import { openDescriptor } from '../../../src/roles/onion/client/open-descriptor.ts';
import { periodKeys } from '../../../src/roles/onion/common/keys.ts';
import { onionLabel, parseOnionAddress } from '../../../src/roles/onion/index.ts';
import { identityOf } from '../../../src/wire/linkspec/index.ts';
import { emptyProtover } from '../../../src/wire/protover/index.ts';
import {
  decodeIntroduceAck,
  encodeIntroduce,
  encodeIntroduceHead,
  encodeIntroducePlaintext,
  RelayCommand,
} from '../../../src/wire/relaymsg/index.ts';

const { random, clock } = nodeRuntime;

/** A client that introduces itself as fast as it can and never waits at the rendezvous point that it names. */
export class IntroductionFlood {
  readonly #tor: Tor;

  constructor(tor: Tor) {
    this.#tor = tor;
  }

  async descriptor(hostname: string): Promise<ServiceDescriptor> {
    const { directory, onionClient } = this.#tor.parts;
    const identityKey = parseOnionAddress(hostname);
    const texts: string[] = [];
    const forget = onionClient.events.on('descriptorReceived', (event) => {
      if (event.service === onionLabel(identityKey)) texts.push(event.text);
    });
    try {
      for (;;) {
        const { netdir } = directory;
        if (netdir === undefined) throw new Error('no network');
        await onionClient.fetchDescriptor(hostname);
        // The time period may have changed meanwhile.
        const { periodNumber } = netdir.hsDirRings().fetch;
        if (periodNumber !== directory.netdir?.hsDirRings().fetch.periodNumber) continue;
        const keys = periodKeys(identityKey, periodNumber, netdir.periodRules.lengthMinutes);
        const sendmeInc = netdir.params.get('cc_sendme_inc');
        const about = { ...keys, identityKey, credential: undefined, nowMs: clock.now(), sendmeInc };
        return openDescriptor(texts.at(-1) ?? '', about);
      }
    } finally {
      forget();
    }
  }

  /** As many circuits to the introduction point, each of which is good for one introduction. */
  async open(point: IntroPoint, count: number): Promise<OriginCircuit[]> {
    const open: OriginCircuit[] = [];
    for (let tried = 0; open.length < count; tried++) {
      if (tried > 3 * count) throw new Error(`only ${open.length} circuits to the introduction point`);
      const some = Array.from({ length: Math.min(10, count - open.length) }, () => this.#circuit(point));
      for (const built of await Promise.allSettled(some)) if (built.status === 'fulfilled') open.push(built.value);
    }
    return open;
  }

  /** Introduces itself on all of them at once: the status that each is answered with. The circuits are closed. */
  async strike(
    circuits: readonly OriginCircuit[],
    descriptor: ServiceDescriptor,
    point: IntroPoint,
  ): Promise<(number | undefined)[]> {
    const bodies = circuits.map(() => this.#introduction(descriptor, point));
    const answers = circuits.map(async (circuit, i) => {
      const answered = circuit.awaitMessage(RelayCommand.INTRODUCE_ACK, { timeoutMs: 60_000 });
      circuit.sendMessage(RelayCommand.INTRODUCE1, bodies[i] as Uint8Array);
      return await answered.then(
        ({ body }) => decodeIntroduceAck(body),
        () => undefined,
      );
    });
    const statuses = await Promise.all(answers);
    for (const circuit of circuits) circuit.close();
    return statuses;
  }

  #circuit(point: IntroPoint): Promise<OriginCircuit> {
    const { rsa, ed25519 } = identityOf(point.linkSpecifiers);
    if (rsa === undefined) throw new Error('an introduction point without an identity');
    const target = {
      rsa,
      ...(ed25519 === undefined ? {} : { ed25519 }),
      ntorKey: point.onionKey,
      linkSpecifiers: point.linkSpecifiers,
      protover: this.#tor.parts.directory.netdir?.byRsaId(rsa)?.protover ?? emptyProtover,
    };
    return this.#tor.parts.circuits.circuitTo('hs-client-intro', target);
  }

  /** One that the service must take for real: it goes to the rendezvous point, where nobody waits for it. */
  #introduction(descriptor: ServiceDescriptor, point: IntroPoint): Uint8Array {
    const relays = this.#tor.parts.directory.netdir?.relays ?? [];
    const target = relays[random.below(relays.length)]?.hopTarget();
    if (target === undefined) throw new Error('no relay to meet at');
    const { authKey, encKey } = point;
    const head = encodeIntroduceHead(authKey);
    const plaintext = encodeIntroducePlaintext(
      {
        rendezvousCookie: random.bytes(20),
        extensions: [],
        onionKey: target.ntorKey,
        linkSpecifiers: target.linkSpecifiers,
      },
      246 - head.length - 64,
    );
    const handshake = hsNtorClient(random, { authKey, encKey, subcredential: descriptor.subcredential });
    return encodeIntroduce(head, handshake.introduce(head, plaintext));
  }
}
