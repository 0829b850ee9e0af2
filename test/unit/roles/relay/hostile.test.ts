import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { CircuitHandler } from '../../../../src/protocol/channel/index.ts';
import { CellCommand } from '../../../../src/wire/cell/index.ts';
import { seededRandom } from '../../../support/fake-runtime.ts';
import { endlessDirectory, helloDirectory, LoopbackRelay, until } from '../../../support/loopback-relay.ts';

let net: LoopbackRelay | undefined;
afterEach(async () => {
  await net?.stop();
  net = undefined;
});

/** Somebody who claims circuit ids and notes how the relay answered. */
class Attacker implements CircuitHandler {
  created = 0;
  destroyed_ = 0;
  cell(command: number): void {
    if (command === CellCommand.CREATED2 || command === CellCommand.CREATED_FAST) this.created++;
  }
  destroyed(): void {
    this.destroyed_++;
  }
  writable(): void {}
  get answered(): number {
    return this.created + this.destroyed_;
  }
}

async function start(...args: Parameters<typeof LoopbackRelay.start>): Promise<LoopbackRelay> {
  net = await LoopbackRelay.start(...args);
  return net;
}

const random = seededRandom(9);

describe('a relay among hostile peers', () => {
  it('answers or refuses every one of ten thousand CREATE cells, and serves others meanwhile', async () => {
    const relay = await start({ directory: helloDirectory });
    const bystander = await relay.circuit();
    const link = await relay.stranger();
    const attacker = new Attacker();
    const count = 10_000;
    for (let i = 0; i < count; i++) {
      link.send(link.openCircuit(attacker), CellCommand.CREATE_FAST, random.bytes(20));
    }
    assert.equal(await relay.ask(bystander), 'hello');
    await until('an answer to each', () => attacker.answered === count);
    assert.equal(relay.relay.handshakesWaiting, 0);
    link.close();
    await until('the end of all their circuits', () => relay.relay.circuits?.circuits.size === 1);
    assert.equal(await relay.ask(bystander), 'hello');
  });

  it('refuses handshakes that are garbage, one circuit at a time', async () => {
    const relay = await start({ directory: helloDirectory });
    const link = await relay.stranger();
    const attacker = new Attacker();
    for (let type = 0; type < 6; type++) {
      const body = random.bytes(509);
      body.set([0, type, 0, type % 2 === 0 ? 84 : 200]);
      link.send(link.openCircuit(attacker), CellCommand.CREATE2, body);
    }
    await until('a refusal of each', () => attacker.destroyed_ === 6);
    assert.equal(link.state, 'open');
    assert.equal(attacker.created, 0);
    assert.equal(await relay.ask(await relay.circuit(link)), 'hello');
  });

  it('ends a circuit whose cells make no sense, and none other', async () => {
    const relay = await start({ directory: helloDirectory });
    const link = await relay.stranger();
    const good = await relay.circuit(link);
    for (const command of [CellCommand.RELAY, CellCommand.RELAY_EARLY, CellCommand.CREATED2]) {
      const attacker = new Attacker();
      const id = link.openCircuit(attacker);
      link.send(id, CellCommand.CREATE_FAST, random.bytes(20));
      await until('the circuit', () => attacker.created === 1);
      link.send(id, command, random.bytes(509));
      await until(`the end for command ${command}`, () => attacker.destroyed_ === 1);
    }
    assert.equal(await relay.ask(good), 'hello');
  });

  it('holds no more for a client that does not read than its windows allow', async () => {
    const written = { bytes: 0 };
    const relay = await start({ directory: endlessDirectory(written) });
    const link = await relay.stranger();
    for (let i = 0; i < 20; i++) {
      const circuit = await relay.circuit(link);
      circuit.openStream(
        { data: () => undefined, ended: () => undefined, writable: () => undefined },
        { kind: 'begin-dir' },
      );
    }
    link.pauseReading();
    const before = written.bytes;
    let last = -1;
    await until('silence', () => {
      const still = written.bytes === last;
      last = written.bytes;
      return still && written.bytes > before;
    });
    const perCircuit = 5000 * 509;
    assert.ok(relay.channels.buffers.queuedBytes < 20 * perCircuit);
    assert.ok(written.bytes - before < 20 * perCircuit + 8 * 2 ** 20);
  });

  it('drops connections that say nothing Tor says', async () => {
    const relay = await start({ directory: helloDirectory });
    const sockets: Socket[] = [];
    const ended = (socket: Socket): Promise<void> =>
      new Promise((resolve) => {
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    const plain = connect({ host: '127.0.0.1', port: relay.port });
    const ends = [ended(plain)];
    plain.write(random.bytes(300));
    for (const first of [random.bytes(2000), Uint8Array.of(0, 0, 7, 0, 1, 9), Uint8Array.of(0, 0, 7, 0xff, 0xff)]) {
      const tls = connectTls({ host: '127.0.0.1', port: relay.port, rejectUnauthorized: false });
      sockets.push(tls);
      ends.push(ended(tls));
      tls.write(first);
      if (first[3] === 0xff) tls.write(new Uint8Array(70_000));
    }
    await Promise.all(ends);
    await until('an empty listener', () => relay.relay.ports?.connections === 0);
    assert.equal(await relay.ask(await relay.circuit()), 'hello');
  });

  it('survives noise on links that were good', async () => {
    const relay = await start({ directory: helloDirectory });
    const bystander = await relay.circuit();
    for (let round = 0; round < 5; round++) {
      const link = await relay.stranger();
      const attacker = new Attacker();
      const id = link.openCircuit(attacker);
      for (let i = 0; i < 200; i++) {
        link.send(id, random.below(256), random.bytes(509));
        if (link.state !== 'open') break;
      }
      link.close();
    }
    assert.equal(await relay.ask(bystander), 'hello');
  });

  it('keeps 2,000 circuits and 5,000 streams', { timeout: 120_000 }, async () => {
    let streams = 0;
    const relay = await start({
      directory: {
        accept: (_circuit, stream) => {
          stream.accept();
          streams++;
          return { data: () => undefined, ended: () => void streams--, writable: () => undefined };
        },
      },
    });
    const silent = { data: () => undefined, ended: () => undefined, writable: () => undefined };
    const link = await relay.client.get(relay.target);
    for (let batch = 0; batch < 100; batch++) {
      const circuits = await Promise.all(Array.from({ length: 20 }, () => relay.circuit(link)));
      circuits.forEach((circuit, i) => {
        for (let n = 0; n < (i % 2 === 0 ? 3 : 2); n++) circuit.openStream(silent, { kind: 'begin-dir' });
      });
    }
    await until('5,000 streams', () => streams === 5000);
    assert.equal(relay.relay.circuits?.circuits.size, 2000);
    link.close();
    await until('the end of all', () => streams === 0 && relay.relay.circuits?.circuits.size === 0);
    assert.equal(relay.channels.buffers.queuedBytes, 0);
  });

  it('takes no circuits while it waits to shut down, and lets open ones go on', async () => {
    const relay = await start({ directory: helloDirectory });
    const old = await relay.circuit();
    relay.relay.drain();
    await assert.rejects(relay.circuit());
    await assert.rejects(relay.stranger());
    assert.equal(await relay.ask(old), 'hello');
  });
});
