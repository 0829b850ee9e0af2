import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concatBytes, fromLatin1, Writer } from '../../../../src/base/bytes/index.ts';
import { ed25519KeyPair, ed25519Sign, sha3Mac } from '../../../../src/crypto/primitives/index.ts';
import { type IntroDosDefaults, OnionRelay } from '../../../../src/roles/onion/index.ts';
import {
  encodeEstablishIntro,
  encodeEstablishIntroHead,
  encodeExtensions,
  encodeIntroduce,
  encodeIntroduceHead,
  type IntroDosParams,
  introDosExtension,
  RelayCommand,
} from '../../../../src/wire/relaymsg/index.ts';
import { RawClient } from '../../../support/raw-ends.ts';

const key = ed25519KeyPair(new Uint8Array(32).fill(3));
const off: IntroDosDefaults = { enabled: false, ratePerSec: 25, burstPerSec: 200 };
const introduce1 = encodeIntroduce(encodeIntroduceHead(key.publicKey), new Uint8Array(200));

/** An introduction point of ours with one service, and clients that each come on a circuit of their own. */
class World {
  ms = 10_500;
  defaults = off;
  readonly relay = new OnionRelay(
    { clock: { now: () => this.ms, monotonic: () => this.ms } },
    { introDos: () => this.defaults },
  );
  readonly service = new RawClient('windows');

  establish(head: Uint8Array = encodeEstablishIntroHead(key.publicKey)): void {
    const { circuit } = this.service;
    const signed = concatBytes(head, sha3Mac(circuit.keyHash, head));
    const message = concatBytes(fromLatin1('Tor establish-intro cell v1'), signed);
    this.relay.message(circuit, RelayCommand.ESTABLISH_INTRO, encodeEstablishIntro(signed, ed25519Sign(message, key)));
    this.service.world.runSync();
    assert.deepEqual(this.service.commands(), [RelayCommand.INTRO_ESTABLISHED]);
  }

  ask(dos: IntroDosParams): void {
    this.establish(encodeEstablishIntroHead(key.publicKey, dos));
  }

  /** The status of INTRODUCE_ACK. */
  introduce(body = introduce1): number | undefined {
    const client = new RawClient('windows');
    this.relay.message(client.circuit, RelayCommand.INTRODUCE1, body);
    client.world.runSync();
    const answer = client.of(RelayCommand.INTRODUCE_ACK)[0]?.body;
    assert.equal(client.circuit.state, answer === undefined ? 'closed' : 'open');
    return answer === undefined ? undefined : ((answer[0] as number) << 8) + (answer[1] as number);
  }

  introduceTimes(count: number): (number | undefined)[] {
    return Array.from({ length: count }, () => this.introduce());
  }

  get passedOn(): number {
    this.service.world.runSync();
    return this.service.of(RelayCommand.INTRODUCE2).length;
  }
}

describe('how many introductions an introduction point passes on', () => {
  test('a service that asks for nothing gets all of them', () => {
    const world = new World();
    world.establish();
    assert.deepEqual(world.introduceTimes(50), Array(50).fill(0));
    assert.equal(world.passedOn, 50);
    assert.deepEqual(world.service.of(RelayCommand.INTRODUCE2)[0]?.body, introduce1);
  });

  test("a burst less one, then as many as come in with each second; beyond it C tor's answer, and no more of it", () => {
    const world = new World();
    world.ask({ ratePerSec: 2, burstPerSec: 5 });
    assert.deepEqual(world.introduceTimes(7), [0, 0, 0, 0, 1, 1, 1]);
    world.ms += 499;
    assert.equal(world.introduce(), 1);
    world.ms += 1;
    assert.deepEqual(world.introduceTimes(3), [0, 1, 1]);
    world.ms += 60_000;
    assert.deepEqual(world.introduceTimes(6), [0, 0, 0, 0, 1, 1]);
    assert.equal(world.passedOn, 9);
  });

  test('wishes that make no sense turn the limit off, whatever the consensus says', () => {
    for (const dos of [
      { ratePerSec: 0, burstPerSec: 5 },
      { ratePerSec: 5, burstPerSec: 0 },
      { ratePerSec: 5, burstPerSec: 4 },
      { ratePerSec: 1, burstPerSec: 2 ** 31 },
    ]) {
      const world = new World();
      world.defaults = { enabled: true, ratePerSec: 1, burstPerSec: 2 };
      world.ask(dos);
      assert.deepEqual(world.introduceTimes(10), Array(10).fill(0), JSON.stringify(dos));
    }
  });

  test('wishes that cannot be read are none: the consensus decides', () => {
    const strange = new Writer(10).u8(1).u8(9).u64(1n).finish();
    for (const body of [Uint8Array.of(2, 1, 0), strange]) {
      const world = new World();
      world.defaults = { enabled: true, ratePerSec: 1, burstPerSec: 3 };
      const extensions = encodeExtensions([{ type: introDosExtension, body }]);
      const head = concatBytes(encodeEstablishIntroHead(key.publicKey).slice(0, -1), extensions);
      world.establish(head);
      assert.deepEqual(world.introduceTimes(4), [0, 0, 1, 1]);
    }
  });

  test('a new consensus counts for services that are here already', () => {
    const world = new World();
    world.establish();
    assert.deepEqual(world.introduceTimes(3), [0, 0, 0]);
    world.defaults = { enabled: true, ratePerSec: 1, burstPerSec: 4 };
    assert.deepEqual(world.introduceTimes(5), [0, 0, 0, 1, 1]);
    world.defaults = off;
    assert.deepEqual(world.introduceTimes(2), [0, 0]);
  });
});

describe('what is no introduction', () => {
  test('an unknown service, nonsense and too much of it are refused as in C tor, and the circuit stays', () => {
    const world = new World();
    assert.equal(world.introduce(), 1);
    world.establish();
    assert.equal(world.introduce(new Uint8Array(100).fill(1)), 2);
    assert.equal(world.introduce(encodeIntroduce(encodeIntroduceHead(key.publicKey), new Uint8Array(450))), 2);
    assert.equal(world.introduce(introduce1.slice(0, 19)), undefined);
    assert.equal(world.passedOn, 0);
  });

  test('a second introduction on a circuit closes it', () => {
    const world = new World();
    world.establish();
    const client = new RawClient('windows');
    const introduce = () => world.relay.message(client.circuit, RelayCommand.INTRODUCE1, introduce1);
    assert.deepEqual([introduce(), introduce()], ['success', 'circuit_reused']);
    assert.equal(world.relay.message(client.circuit, RelayCommand.DATA, introduce1), undefined);
    assert.equal(client.circuit.state, 'closed');
    assert.equal(world.passedOn, 1);
  });
});
