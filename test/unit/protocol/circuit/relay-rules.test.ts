import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultCircuitParams, RelayCircuit } from '../../../../src/protocol/circuit/index.ts';
import type { StreamHandler } from '../../../../src/protocol/stream/index.ts';
import { CellCommand, DestroyReason, encodeCreated2, HandshakeType } from '../../../../src/wire/cell/index.ts';
import type { LinkSpecifier } from '../../../../src/wire/linkspec/index.ts';
import { decodeTruncate, encodeExtend2, RelayCommand } from '../../../../src/wire/relaymsg/index.ts';
import { Recorder, SimChannel, simDeps } from '../../../support/circuit-net.ts';
import { RawClient } from '../../../support/raw-ends.ts';

const { BEGIN, BEGIN_DIR, DATA, DROP, EXTEND, EXTEND2, EXTENDED2, TRUNCATE, TRUNCATED } = RelayCommand;
const { RELAY, RELAY_EARLY } = CellCommand;

const ipv4: LinkSpecifier = { kind: 'ipv4', address: Uint8Array.of(1, 2, 3, 4), port: 9001 };
const rsa = (fill: number): LinkSpecifier => ({ kind: 'rsa', id: new Uint8Array(20).fill(fill) });
const ed25519: LinkSpecifier = { kind: 'ed25519', id: new Uint8Array(32).fill(3) };

function extend2(options: { specifiers?: readonly LinkSpecifier[]; type?: number; length?: number } = {}): Uint8Array {
  return encodeExtend2({
    linkSpecifiers: options.specifiers ?? [ipv4, rsa(1), ed25519],
    handshakeType: options.type ?? HandshakeType.NTOR,
    handshake: new Uint8Array(options.length ?? 84),
  });
}

/** Closed with TORPROTOCOL, or undefined when it lives. */
const verdict = (client: RawClient): number | undefined => {
  client.run();
  return client.destroys[0];
};

/** A link onward whose far end is the test. */
function onward(client: RawClient): { near: SimChannel; seen: { command: number; body: Uint8Array }[] } {
  const peer = { address: '1.2.3.4', port: 9001, authenticated: true };
  const near = new SimChannel(client.world, 'initiator', peer, {});
  const far = new SimChannel(client.world, 'responder', peer, {});
  near.connect(far);
  far.connect(near);
  const seen: { command: number; body: Uint8Array }[] = [];
  far.tap = (_circId, command, body) => {
    seen.push({ command, body: body.slice() });
    return false;
  };
  return { near: Object.assign(near, { far }), seen };
}

describe('EXTEND2 at a relay', () => {
  test('is told to the role, and goes on as CREATE2', () => {
    const client = new RawClient('windows');
    client.send(EXTEND2, 0, extend2(), RELAY_EARLY);
    const [request] = client.role.extends;
    assert.deepEqual(request?.target, {
      rsa: new Uint8Array(20).fill(1),
      ed25519: new Uint8Array(32).fill(3),
      ipv4: { address: Uint8Array.of(1, 2, 3, 4), port: 9001 },
    });
    const { near, seen } = onward(client);
    client.circuit.connectNext(near);
    client.run();
    assert.deepEqual(
      seen.map(({ command }) => command),
      [CellCommand.CREATE2],
    );
    assert.equal(client.circuit.nextChannel, near);
  });

  test('is ignored in a RELAY cell, whatever it says', () => {
    const client = new RawClient('windows');
    client.send(EXTEND2, 0, extend2());
    client.send(EXTEND2, 0, Uint8Array.of(9));
    assert.equal(verdict(client), undefined);
    assert.deepEqual(client.role.extends, []);
  });

  test('a second one closes the circuit', () => {
    const client = new RawClient('windows');
    client.send(EXTEND2, 0, extend2(), RELAY_EARLY);
    assert.equal(verdict(client), undefined);
    client.send(EXTEND2, 0, extend2(), RELAY_EARLY);
    assert.equal(verdict(client), DestroyReason.TORPROTOCOL);
  });

  const bad: readonly (readonly [string, Uint8Array])[] = [
    ['an all-zero identity', extend2({ specifiers: [ipv4, rsa(0)] })],
    ['no identity', extend2({ specifiers: [ipv4] })],
    ['no address', extend2({ specifiers: [rsa(1)] })],
    ['back to where it came from', extend2({ specifiers: [ipv4, rsa(7)] })],
    ['a TAP handshake', extend2({ type: HandshakeType.TAP, length: 186 })],
    ['an ntor onionskin of a wrong length', extend2({ length: 83 })],
    ['an end in the middle', extend2().subarray(0, 40)],
    ['nothing', new Uint8Array(0)],
  ];
  for (const [name, body] of bad) {
    test(`closes the circuit: ${name}`, () => {
      const client = new RawClient('windows');
      client.send(EXTEND2, 0, body, RELAY_EARLY);
      assert.equal(verdict(client), DestroyReason.TORPROTOCOL);
      assert.deepEqual(client.role.extends, []);
    });
  }

  test('EXTEND of old closes the circuit', () => {
    const client = new RawClient('windows');
    client.send(EXTEND, 0, new Uint8Array(200), RELAY_EARLY);
    assert.equal(verdict(client), DestroyReason.TORPROTOCOL);
  });

  test('the ninth RELAY_EARLY cell closes the circuit', () => {
    const client = new RawClient('windows');
    for (let i = 0; i < 8; i++) client.send(DROP, 0, undefined, RELAY_EARLY);
    assert.equal(verdict(client), undefined);
    client.send(DROP, 0, undefined, RELAY_EARLY);
    assert.equal(verdict(client), DestroyReason.TORPROTOCOL);
  });
});

describe('a circuit that goes on', () => {
  function extended(rate?: number, params = defaultCircuitParams) {
    const client = new RawClient('windows', { params, ...(rate !== undefined && { rate }) });
    client.send(EXTEND2, 0, extend2(), RELAY_EARLY);
    const link = onward(client);
    client.circuit.connectNext(link.near);
    client.run();
    const far = (link.near as SimChannel & { far: SimChannel }).far;
    const reply = (command: number, body: Uint8Array): void => {
      // The circuit id is the first one the near end gives out.
      far.inject(0x80000001, command, body);
      client.run();
    };
    link.seen.length = 0;
    return { client, ...link, reply };
  }

  test('CREATED2 comes back as EXTENDED2', () => {
    const { client, reply } = extended();
    reply(CellCommand.CREATED2, encodeCreated2(new Uint8Array(64).fill(5)));
    assert.deepEqual(client.commands(), [EXTENDED2]);
  });

  test('a second CREATED2, and one that is too long for EXTENDED2, close it in both directions', () => {
    const twice = extended();
    twice.reply(CellCommand.CREATED2, encodeCreated2(new Uint8Array(64)));
    twice.reply(CellCommand.CREATED2, encodeCreated2(new Uint8Array(64)));
    assert.equal(verdict(twice.client), DestroyReason.TORPROTOCOL);
    assert.deepEqual(
      twice.seen.map(({ command, body }) => [command, body[0]]),
      [[CellCommand.DESTROY, DestroyReason.TORPROTOCOL]],
    );
    const long = extended();
    long.reply(CellCommand.CREATED2, encodeCreated2(new Uint8Array(497)));
    assert.equal(verdict(long.client), DestroyReason.TORPROTOCOL);
  });

  test('cells that are not for us go on as they came, RELAY_EARLY too', () => {
    const { client, seen, reply } = extended();
    reply(CellCommand.CREATED2, encodeCreated2(new Uint8Array(64)));
    for (const command of [RELAY, RELAY_EARLY]) client.sendCell(command, client.world.random.bytes(509));
    client.run();
    assert.deepEqual(
      seen.map(({ command }) => command),
      [RELAY, RELAY_EARLY],
    );
    assert.equal(verdict(client), undefined);
  });

  test('RELAY_EARLY toward the client is a violation', () => {
    const { client, reply } = extended();
    reply(CellCommand.CREATED2, encodeCreated2(new Uint8Array(64)));
    reply(RELAY_EARLY, new Uint8Array(509));
    assert.equal(verdict(client), DestroyReason.TORPROTOCOL);
  });

  test('TRUNCATE destroys what is ahead and says TRUNCATED; then the circuit can grow again', () => {
    const { client, seen, reply } = extended();
    reply(CellCommand.CREATED2, encodeCreated2(new Uint8Array(64)));
    client.send(TRUNCATE, 0, Uint8Array.of(DestroyReason.REQUESTED));
    client.run();
    assert.deepEqual(
      seen.map(({ command, body }) => [command, body[0]]),
      [[CellCommand.DESTROY, DestroyReason.REQUESTED]],
    );
    const [truncated] = client.of(TRUNCATED);
    assert.equal(decodeTruncate(truncated?.body ?? assert.fail()), DestroyReason.REQUESTED);
    client.send(EXTEND2, 0, extend2(), RELAY_EARLY);
    assert.equal(client.role.extends.length, 2);
  });

  test('TRUNCATE without a reason closes the circuit, as in C tor', () => {
    const { client } = extended();
    client.send(TRUNCATE, 0);
    assert.equal(verdict(client), DestroyReason.TORPROTOCOL);
  });

  test('DESTROY from ahead, and from behind', () => {
    const ahead = extended();
    ahead.reply(CellCommand.DESTROY, Uint8Array.of(DestroyReason.TORPROTOCOL));
    assert.equal(verdict(ahead.client), DestroyReason.DESTROYED, 'what happened ahead is not told');
    const behind = extended();
    behind.client.sendCell(CellCommand.DESTROY, Uint8Array.of(DestroyReason.TORPROTOCOL));
    behind.client.run();
    assert.deepEqual(
      behind.seen.map(({ command, body }) => [command, body[0]]),
      [[CellCommand.DESTROY, DestroyReason.DESTROYED]],
    );
    assert.deepEqual(behind.client.destroys, []);
    assert.equal(behind.client.role.closedReasons.length, 1);
  });

  test('a queue beyond its limit closes the circuit, toward the client and away from it', () => {
    const params = { ...defaultCircuitParams, maxQueuedCellsIn: 300, maxQueuedCellsOut: 300 };
    const inward = extended(undefined, params);
    inward.reply(CellCommand.CREATED2, encodeCreated2(new Uint8Array(64)));
    const far = (inward.near as SimChannel & { far: SimChannel }).far;
    for (let i = 0; i < 301 && inward.client.circuit.state === 'open'; i++) {
      far.inject(0x80000001, RELAY, new Uint8Array(509));
    }
    assert.equal(verdict(inward.client), DestroyReason.RESOURCELIMIT);
    assert.deepEqual(inward.client.role.fullQueues, ['to the client']);

    const outward = extended(undefined, params);
    outward.reply(CellCommand.CREATED2, encodeCreated2(new Uint8Array(64)));
    for (let i = 0; i < 301 && outward.client.circuit.state === 'open'; i++) {
      outward.client.sendCell(RELAY, outward.client.world.random.bytes(509));
    }
    assert.equal(verdict(outward.client), DestroyReason.RESOURCELIMIT);
    assert.deepEqual(outward.client.role.fullQueues, ['outward']);
  });
});

describe('a circuit that ends here', () => {
  test('a cell that nobody recognises closes it', () => {
    const client = new RawClient('windows');
    client.sendCell(RELAY, client.world.random.bytes(509));
    assert.equal(verdict(client), DestroyReason.TORPROTOCOL);
  });

  test('version-1 cells: an unknown command or a length beyond the cell closes it', () => {
    const unknown = new RawClient('cgo');
    const cell = unknown.cell(DROP, 0, new Uint8Array(0));
    cell[16] = 200;
    unknown.sendPlain(cell);
    assert.equal(verdict(unknown), DestroyReason.TORPROTOCOL);
    const long = new RawClient('cgo');
    const other = long.cell(DROP, 0, new Uint8Array(0));
    other[17] = 2;
    long.sendPlain(other);
    assert.equal(verdict(long), DestroyReason.TORPROTOCOL);
  });

  test('version-0 cells: a length beyond the cell closes it, an unknown command does not', () => {
    const client = new RawClient('windows');
    client.send(200, 0);
    assert.equal(verdict(client), undefined);
    const cell = client.cell(DROP, 0, new Uint8Array(0));
    cell[9] = 2;
    client.sendPlain(cell);
    assert.equal(verdict(client), DestroyReason.TORPROTOCOL);
  });

  test('messages for streams that are not there are dropped, BEGIN for one that is there too', () => {
    const client = new RawClient('windows');
    const handler: StreamHandler = new Recorder();
    client.role.onStream = () => handler;
    const { END, CONNECTED, RESOLVED, XON, XOFF } = RelayCommand;
    for (const command of [CONNECTED, RESOLVED, XON, XOFF, DATA])
      client.send(command, 77, Uint8Array.of(0, 0, 0, 0, 0));
    client.send(END, 77, Uint8Array.of(6));
    client.send(BEGIN_DIR, 0);
    client.send(BEGIN_DIR, 5);
    client.send(BEGIN_DIR, 5);
    client.send(BEGIN, 5, Buffer.from('1.2.3.4:80\0'));
    assert.equal(verdict(client), undefined);
    assert.deepEqual(client.role.begins, [{ kind: 'begin-dir' }]);
    assert.equal(client.circuit.openStreams, 1);
  });

  test('END without a reason closes the circuit', () => {
    const client = new RawClient('windows');
    client.role.onStream = () => new Recorder();
    client.send(BEGIN_DIR, 5);
    client.send(RelayCommand.END, 5);
    assert.equal(verdict(client), DestroyReason.TORPROTOCOL);
  });

  test('a BEGIN that cannot be read gets END, one without its end closes the circuit only where C tor does', () => {
    const client = new RawClient('windows');
    for (const text of ['', 'nothing', 'host:0\0', 'host:70000\0', 'host\0', '::1\0']) {
      client.send(BEGIN, 9, Buffer.from(text));
    }
    assert.equal(verdict(client), undefined);
    const ends = client.of(RelayCommand.END);
    assert.equal(ends.length, 6);
    assert.ok(ends.every(({ body }) => body[0] === 13));
  });
});

test('a relay cell before the handshake is answered closes the circuit', () => {
  const { world, near, far, role, destroys } = new RawClient('windows');
  const circId = RawClient.circId + 1;
  const circuit = new RelayCircuit({ ...simDeps(world), role }, { channel: far, circId, params: defaultCircuitParams });
  near.inject(circId, RELAY, new Uint8Array(509));
  world.runSync();
  assert.equal(circuit.state, 'closed');
  assert.deepEqual(destroys, [DestroyReason.TORPROTOCOL]);
});
