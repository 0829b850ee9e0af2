import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { concatBytes } from '../../../../src/base/bytes/index.ts';
import type { Random } from '../../../../src/base/runtime/index.ts';
import { kdfTor } from '../../../../src/crypto/primitives/index.ts';
import {
  cgoKeyLength,
  cgoRelayLayer,
  type RelayLayer,
  tor1KeyLength,
  tor1RelayLayer,
} from '../../../../src/crypto/relaycell/index.ts';
import {
  type CreateAnswer,
  defaultCircuitParams,
  type HopTarget,
  OriginCircuit,
  RelayCircuit,
} from '../../../../src/protocol/circuit/index.ts';
import type { StreamBegin } from '../../../../src/protocol/stream/index.ts';
import { CellCommand, encodeCreated2, HandshakeType } from '../../../../src/wire/cell/index.ts';
import { parseProtover } from '../../../../src/wire/protover/index.ts';
import { RelayHeader } from '../../../../src/wire/relaymsg/index.ts';
import { Recorder, type SimChannel, SimNet, simDeps } from '../../../support/circuit-net.ts';

type Hex = string;

interface Relay {
  readonly rsa: Hex;
  readonly ed: Hex;
  readonly ntor: Hex;
  readonly port: number;
}
interface Handshake {
  readonly type: 'fast' | 'ntor' | 'ntor-v3';
  readonly x: Hex;
  readonly client?: Hex;
  readonly server?: Hex;
  readonly created_fast?: Hex;
  readonly keys?: Hex;
}
interface Message {
  readonly dir: 'sent' | 'received';
  readonly hop: 1 | 2;
  readonly command: number;
  readonly stream: number;
  readonly data: Hex;
  readonly cell: Hex;
}
interface Transcript {
  readonly name: string;
  readonly relays: readonly [Relay, Relay];
  readonly handshakes: readonly [Handshake, Handshake];
  readonly messages: readonly Message[];
}

const file = JSON.parse(readFileSync(new URL('../../../vectors/transcripts.json', import.meta.url), 'utf8'));
const transcripts: readonly Transcript[] = file.groups.circuits.vectors;
const hex = (text: Hex | undefined): Uint8Array => Uint8Array.from(Buffer.from(text ?? assert.fail(), 'hex'));
const dataOf = (messages: readonly Message[]): Hex => messages.map(({ data }) => data).join('');
const bodyOf = ({ cell }: Message): Uint8Array => hex(cell).slice(5);

/** Random numbers that begin with what the recorded client drew; its stream was number 1. */
function recorded(draws: readonly Uint8Array[], rest: Random): Random {
  const left = [...draws];
  const below = (limit: number): number => (limit === 65536 ? 1 : rest.below(limit));
  return {
    ...rest,
    below,
    bytes: (length) => (left[0]?.length === length ? left.shift() : undefined) ?? rest.bytes(length),
  };
}

const isCgo = ({ name }: Transcript): boolean => name.startsWith('cgo');
const keysOf = ({ x, created_fast, keys }: Handshake): Uint8Array =>
  keys === undefined
    ? kdfTor(Buffer.concat([hex(x), hex(created_fast).subarray(0, 20)]), 20 + tor1KeyLength).slice(20)
    : hex(keys);

function relayLayer(transcript: Transcript, hop: 0 | 1): RelayLayer {
  const keys = keysOf(transcript.handshakes[hop]);
  return isCgo(transcript)
    ? cgoRelayLayer(keys.subarray(0, cgoKeyLength))
    : tor1RelayLayer(keys.subarray(0, tor1KeyLength));
}

function targetOf(relay: Relay, { type }: Handshake, cgo: boolean): HopTarget {
  const versions = type === 'ntor' ? 'Relay=2-3' : cgo ? 'FlowCtrl=1-2 Relay=2-6' : 'FlowCtrl=1-2 Relay=2-4';
  return {
    rsa: hex(relay.rsa),
    ed25519: hex(relay.ed),
    ntorKey: hex(relay.ntor),
    linkSpecifiers: [{ kind: 'ipv4', address: Uint8Array.of(127, 0, 0, 1), port: relay.port }],
    protover: parseProtover(versions),
  };
}

describe('a client of ours in the place of the recorded one', () => {
  for (const transcript of transcripts) {
    test(transcript.name, async () => {
      const { relays, handshakes, messages } = transcript;
      const net = new SimNet();
      const [guard] = net.addRelays(1);
      const { near, far } = net.clientChannel(guard ?? assert.fail());
      far.onCreate = undefined;
      const sent: { command: number; body: Uint8Array }[] = [];
      far.tap = (_circId, command, body) => {
        sent.push({ command, body: body.slice() });
        return false;
      };
      const random = recorded(
        handshakes.map(({ x }) => hex(x)),
        net.world.random,
      );
      const circuit = new OriginCircuit(
        { ...simDeps(net.world), random, channel: near },
        { params: defaultCircuitParams, cgo: true },
      );
      const receive = async (command: number, body: Uint8Array): Promise<void> => {
        far.inject(circuit.circId ?? assert.fail(), command, body);
        await net.world.run();
      };
      const targets = relays.map((relay, i) => targetOf(relay, handshakes[i] ?? assert.fail(), isCgo(transcript)));
      const [first, second] = targets as [HopTarget, HopTarget];

      const fast = handshakes[0].type === 'fast';
      const creating = fast ? circuit.createFast() : circuit.create(first, { exit: true });
      await net.world.run();
      const create = sent.shift() ?? assert.fail('no CREATE');
      const offered = fast
        ? create.body.subarray(0, 20)
        : create.body.subarray(4, 4 + hex(handshakes[0].client).length);
      assert.deepEqual(Uint8Array.from(offered), hex(fast ? handshakes[0].x : handshakes[0].client));
      if (fast) await receive(CellCommand.CREATED_FAST, hex(handshakes[0].created_fast));
      else await receive(CellCommand.CREATED2, encodeCreated2(hex(handshakes[0].server)));
      await creating;

      const extending = circuit.extend(second, { exit: true });
      await net.world.run();
      const extend = sent.shift() ?? assert.fail('no EXTEND2');
      assert.equal(extend.command, CellCommand.RELAY_EARLY);
      assert.ok(relayLayer(transcript, 0).decrypt(extend.command, extend.body), 'the first relay recognises it');
      const header = new RelayHeader();
      assert.ok(header.read(extend.body, isCgo(transcript) ? 1 : 0));
      const body = extend.body.subarray(header.offset, header.offset + header.length);
      assert.equal(Buffer.from(body).toString('hex'), messages[0]?.data);

      const answers = messages.filter(({ dir }) => dir === 'received');
      await receive(CellCommand.RELAY, bodyOf(answers[0] ?? assert.fail()));
      await extending;
      circuit.markOpen();
      const recorder = new Recorder();
      const stream = circuit.openStream(recorder, { kind: 'begin-dir' });
      for (const message of answers.slice(1)) await receive(CellCommand.RELAY, bodyOf(message));
      assert.equal(stream.state, 'open');
      assert.equal(
        Buffer.concat(recorder.chunks).toString('hex'),
        dataOf(answers.filter(({ command }) => command === 2)),
      );
      assert.equal(circuit.state, 'open');
    });
  }
});

describe('relays of ours in the place of the recorded ones', () => {
  for (const transcript of transcripts) {
    test(transcript.name, async () => {
      const { relays, handshakes, messages } = transcript;
      const net = new SimNet();
      const [guard, exit] = net.addRelays(2);
      if (guard === undefined || exit === undefined) assert.fail();
      const recorder = new Recorder();
      const begun: StreamBegin[] = [];
      exit.onStream = (stream, begin) => {
        begun.push(begin);
        stream.accept();
        return recorder;
      };
      const answer = (hop: 0 | 1): CreateAnswer => {
        const { type, server, created_fast } = handshakes[hop];
        const keys = keysOf(handshakes[hop]);
        const length = isCgo(transcript) ? cgoKeyLength : tor1KeyLength;
        const common = {
          keys: type === 'fast' ? concatBytes(keys.subarray(0, length), new Uint8Array(20)) : keys.slice(),
          cgo: isCgo(transcript),
          sendmeInc: type === 'ntor-v3' ? 31 : undefined,
        };
        return type === 'fast'
          ? {
              ...common,
              command: CellCommand.CREATED_FAST,
              body: hex(created_fast),
              fast: true,
            }
          : {
              ...common,
              command: CellCommand.CREATED2,
              body: encodeCreated2(hex(server)),
              fast: false,
            };
      };
      const { world } = net;
      const make = (role: typeof guard, channel: SimChannel, circId: number): RelayCircuit =>
        new RelayCircuit({ ...simDeps(world), role }, { channel, circId, params: defaultCircuitParams });

      const { near, far } = net.clientChannel(guard);
      const toClient: Uint8Array[] = [];
      near.tap = (_circId, command, cell) => {
        if (command === CellCommand.RELAY) toClient.push(cell.slice());
        return false;
      };
      const link = net.channel(guard, exit);
      const created: Uint8Array[] = [];
      guard.onExtend = (circuit, request) => {
        assert.equal(Buffer.from(request.target.rsa).toString('hex'), relays[1].rsa);
        assert.equal(Buffer.from(request.target.ed25519 ?? assert.fail()).toString('hex'), relays[1].ed);
        assert.equal(request.handshakeType, handshakes[1].type === 'ntor' ? HandshakeType.NTOR : HandshakeType.NTOR_V3);
        created.push(request.handshake);
        circuit.connectNext(link);
      };
      exit.accept = (channel, circId) => make(exit, channel as SimChannel, circId).created(answer(1));

      const circId = 0x80000001;
      const first = make(guard, far, circId);
      first.created(answer(0));
      await world.run();
      for (const message of messages.filter(({ dir }) => dir === 'sent')) {
        const command = hex(message.cell)[4] ?? 0;
        near.inject(circId, command, bodyOf(message));
        await world.run();
      }
      assert.deepEqual(created, [hex(handshakes[1].client)]);
      assert.deepEqual(begun, [{ kind: 'begin-dir' }]);
      assert.equal(
        recorder.text,
        Buffer.from(messages.find(({ dir, command }) => dir === 'sent' && command === 2)?.data ?? '', 'hex').toString(
          'latin1',
        ),
      );
      assert.equal(first.state, 'open');
      assert.equal(toClient.length, 2, 'EXTENDED2 and CONNECTED');
      assert.deepEqual([guard.closedReasons, exit.closedReasons], [[], []]);
    });
  }
});
