import { concatBytes } from '../../src/base/bytes/index.ts';
import { x25519KeyPair } from '../../src/crypto/primitives/index.ts';
import {
  type ClientLayer,
  cgoClientLayer,
  cgoKeyLength,
  cgoRelayLayer,
  type RelayLayer,
  tor1ClientLayer,
  tor1KeyLength,
  tor1RelayLayer,
} from '../../src/crypto/relaycell/index.ts';
import type { Channel } from '../../src/protocol/channel/index.ts';
import {
  answerCreate,
  type CircuitParams,
  defaultCircuitParams,
  type ExitConfluxSets,
  type ExtendRequest,
  OriginCircuit,
  RelayCircuit,
  type RelayCircuitRole,
} from '../../src/protocol/circuit/index.ts';
import type { IncomingStream, StreamBegin, StreamHandler } from '../../src/protocol/stream/index.ts';
import { CellCommand } from '../../src/wire/cell/index.ts';
import { type RelayCellFormat, RelayHeader, writeRelayCell } from '../../src/wire/relaymsg/index.ts';
import {
  congestionProtover,
  modernProtover,
  oldProtover,
  SimChannel,
  SimNet,
  type SimWorld,
  simDeps,
} from './circuit-net.ts';

/** windows: tor1 with fixed windows; congestion: tor1 with Vegas; cgo: Vegas and version-1 cells. */
export type HopKind = 'windows' | 'congestion' | 'cgo';

export interface SeenMessage {
  readonly command: number;
  readonly streamId: number;
  readonly body: Uint8Array;
  readonly linkCommand: number;
}

const protovers = { windows: oldProtover, congestion: congestionProtover, cgo: modernProtover };

abstract class RawEnd {
  /** Everything the end under test sent, decrypted. */
  readonly seen: SeenMessage[] = [];
  readonly destroys: number[] = [];
  readonly format: RelayCellFormat;
  readonly world: SimWorld;
  /** A cell came that is not for this hop. */
  strangers = 0;
  readonly #header = new RelayHeader();

  constructor(world: SimWorld, kind: HopKind) {
    this.world = world;
    this.format = kind === 'cgo' ? 1 : 0;
  }

  protected abstract decrypt(linkCommand: number, cell: Uint8Array): boolean;

  protected take(linkCommand: number, cell: Uint8Array): void {
    if (linkCommand === CellCommand.DESTROY) {
      this.destroys.push(cell[0] as number);
      return;
    }
    if (linkCommand !== CellCommand.RELAY && linkCommand !== CellCommand.RELAY_EARLY) return;
    const header = this.#header;
    if (!this.decrypt(linkCommand, cell) || !header.read(cell, this.format)) {
      this.strangers++;
      return;
    }
    const body = cell.slice(header.offset, header.offset + header.length);
    this.seen.push({ command: header.command, streamId: header.streamId, body, linkCommand });
  }

  /** A plain relay cell, before encryption. */
  cell(command: number, streamId: number, body: Uint8Array): Uint8Array {
    const cell = new Uint8Array(509);
    writeRelayCell(cell, this.format, command, streamId, body, this.world.random);
    return cell;
  }

  commands(): number[] {
    return this.seen.map(({ command }) => command);
  }

  of(command: number): SeenMessage[] {
    return this.seen.filter((message) => message.command === command);
  }
}

/** A relay of one hop that can say anything, before a circuit of ours. */
export class RawRelay extends RawEnd {
  readonly circuit: OriginCircuit;
  readonly #far: SimChannel;
  #layer: RelayLayer | undefined;

  private constructor(world: SimWorld, kind: HopKind, near: SimChannel, far: SimChannel, params: CircuitParams) {
    super(world, kind);
    this.#far = far;
    this.circuit = new OriginCircuit({ ...simDeps(world), channel: near }, { params, cgo: kind === 'cgo' });
  }

  static async build(kind: HopKind, params: CircuitParams = defaultCircuitParams): Promise<RawRelay> {
    const raw = RawRelay.buildNow(kind, params);
    await raw.world.run();
    return raw;
  }

  /** The same without a promise: nothing in it really waits. */
  static buildNow(kind: HopKind, params: CircuitParams = defaultCircuitParams): RawRelay {
    const net = new SimNet();
    const { world } = net;
    const [relay] = net.addRelays(1, { protover: protovers[kind] });
    if (relay === undefined) throw new Error('no relay');
    const { near, far } = net.clientChannel(relay);
    const raw = new RawRelay(world, kind, near, far, params);
    const keys = { rsaId: relay.rsa, ed25519Id: relay.ed25519, onionKeys: [relay.onionKey] };
    far.tap = (circId, command, body) => {
      if (command === CellCommand.CREATE2 || command === CellCommand.CREATE_FAST) {
        const answer = answerCreate(
          world,
          { command, body },
          { keys, congestion: params.congestion, cgo: kind === 'cgo' },
        );
        raw.#layer = answer.cgo ? cgoRelayLayer(answer.keys.subarray(0, cgoKeyLength)) : tor1RelayLayer(answer.keys);
        far.send(circId, answer.command, answer.body);
      } else {
        raw.take(command, body);
      }
      return false;
    };
    raw.circuit.create(relay.target, { exit: true }).catch(() => undefined);
    world.runSync();
    raw.circuit.markOpen();
    return raw;
  }

  protected decrypt(linkCommand: number, cell: Uint8Array): boolean {
    return this.#layer?.decrypt(linkCommand, cell) ?? false;
  }

  get layer(): RelayLayer {
    if (this.#layer === undefined) throw new Error('no layer');
    return this.#layer;
  }

  /** Sends one message to the circuit, at once. */
  send(command: number, streamId = 0, body: Uint8Array = new Uint8Array(0)): void {
    this.sendPlain(this.cell(command, streamId, body));
  }

  /** Encrypts and sends whatever it is given. */
  sendPlain(cell: Uint8Array): void {
    this.layer.originate(CellCommand.RELAY, cell);
    this.sendCell(CellCommand.RELAY, cell);
  }

  sendCell(command: number, cell: Uint8Array): void {
    const { circId } = this.circuit;
    if (circId !== undefined) this.#far.inject(circId, command, cell);
  }
}

/** What a relay's role was told. */
export class RoleRecorder implements RelayCircuitRole {
  readonly messages: { readonly command: number; readonly body: Uint8Array }[] = [];
  readonly extends: ExtendRequest[] = [];
  readonly closedReasons: number[] = [];
  readonly fullQueues: ('outward' | 'to the client')[] = [];
  readonly begins: StreamBegin[] = [];
  readonly streams: IncomingStream[] = [];
  onStream: (stream: IncomingStream, begin: StreamBegin) => StreamHandler | number = () => 4;

  extend(_circuit: RelayCircuit, request: ExtendRequest): void {
    this.extends.push(request);
  }
  acceptStream(_circuit: RelayCircuit, begin: StreamBegin, stream: IncomingStream): StreamHandler | number {
    this.begins.push(begin);
    this.streams.push(stream);
    return this.onStream(stream, begin);
  }
  resolve(): undefined {
    return undefined;
  }
  message(_circuit: RelayCircuit, command: number, body: Uint8Array): void {
    this.messages.push({ command, body: body.slice() });
  }
  queueFull(_circuit: RelayCircuit, outward: boolean): void {
    this.fullQueues.push(outward ? 'outward' : 'to the client');
  }

  closed(_circuit: RelayCircuit, reason: number): void {
    this.closedReasons.push(reason);
  }
}

/** A client that can say anything, before a relay's circuit of ours. No handshake is done: keys are given. */
export class RawClient extends RawEnd {
  readonly circuit: RelayCircuit;
  readonly role = new RoleRecorder();
  readonly net: SimNet;
  readonly layer: ClientLayer;
  /** The relay's end of the link, and ours. */
  readonly far: SimChannel;
  readonly near: SimChannel;
  static readonly circId = 0x80000001;

  constructor(
    kind: HopKind,
    options: {
      readonly params?: CircuitParams;
      readonly fast?: boolean;
      readonly rate?: number;
      readonly conflux?: (world: SimWorld) => ExitConfluxSets;
    } = {},
  ) {
    const net = new SimNet();
    super(net.world, kind);
    this.net = net;
    const { world } = net;
    const peer = { address: '127.0.0.1', port: 9001, authenticated: true };
    const link = options.rate === undefined ? {} : { rate: options.rate };
    this.near = new SimChannel(world, 'initiator', peer, link);
    this.far = new SimChannel(world, 'responder', { ...peer, rsa: new Uint8Array(20).fill(7) }, link);
    this.near.connect(this.far);
    this.far.connect(this.near);
    this.near.tap = (_circId, command, cell) => {
      this.take(command, cell);
      return false;
    };
    const cgo = kind === 'cgo';
    const keys = world.random.bytes(cgo ? cgoKeyLength : tor1KeyLength);
    this.layer = cgo ? cgoClientLayer(keys) : tor1ClientLayer(keys);
    const params = options.params ?? defaultCircuitParams;
    this.circuit = new RelayCircuit(
      {
        ...simDeps(world),
        role: this.role,
        ...(options.conflux && { conflux: options.conflux(world) }),
      },
      { channel: this.far as Channel, circId: RawClient.circId, params },
    );
    this.circuit.created({
      command: options.fast === true ? CellCommand.CREATED_FAST : CellCommand.CREATED2,
      body: new Uint8Array(0),
      keys: concatBytes(keys, new Uint8Array(20)),
      cgo,
      fast: options.fast ?? false,
      sendmeInc: kind === 'windows' ? undefined : params.congestion.sendmeInc,
    });
    world.runSync();
  }

  protected decrypt(linkCommand: number, cell: Uint8Array): boolean {
    return this.layer.decrypt(linkCommand, cell);
  }

  send(
    command: number,
    streamId = 0,
    body: Uint8Array = new Uint8Array(0),
    linkCommand: number = CellCommand.RELAY,
  ): void {
    this.sendPlain(this.cell(command, streamId, body), linkCommand);
  }

  sendPlain(cell: Uint8Array, linkCommand: number = CellCommand.RELAY): void {
    this.layer.originate(linkCommand, cell);
    this.sendCell(linkCommand, cell);
  }

  sendCell(command: number, cell: Uint8Array): void {
    this.near.inject(RawClient.circId, command, cell);
  }

  run(): void {
    this.world.runSync();
  }
}

/** A target whose keys do not matter. */
export const anyTarget = (world: SimWorld) => ({
  rsa: world.random.bytes(20),
  ed25519: world.random.bytes(32),
  ntorKey: x25519KeyPair(world.random).publicKey,
  linkSpecifiers: [{ kind: 'ipv4' as const, address: Uint8Array.of(127, 0, 0, 1), port: 9001 }],
  protover: oldProtover,
});
