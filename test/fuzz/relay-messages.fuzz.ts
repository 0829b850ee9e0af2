import { TorError } from '../../src/base/errors/index.ts';
import * as m from '../../src/wire/relaymsg/index.ts';

export const name = 'relay-messages';

const decoders: readonly ((body: Uint8Array) => unknown)[] = [
  m.decodeBegin,
  m.decodeConnected,
  m.decodeEnd,
  m.decodeResolve,
  m.decodeResolved,
  m.decodeSendme,
  (body) => m.extendTarget(m.decodeExtend2(body).linkSpecifiers),
  m.decodeExtended2,
  m.decodeTruncate,
  m.decodeXoff,
  m.decodeXon,
  m.decodeConfluxLink,
  m.decodeConfluxSwitch,
  m.decodePaddingNegotiate,
  m.decodePaddingNegotiated,
  (body) => m.introDosParams(m.decodeEstablishIntro(body).extensions),
  m.decodeIntroEstablished,
  m.decodeIntroduce,
  m.decodeIntroducePlaintext,
  m.decodePowSolution,
  m.decodeIntroduceAck,
  m.decodeEstablishRendezvous,
  m.decodeRendezvous1,
  m.decodeRendezvous2,
  m.decodeExtensions,
  m.decodeSubprotocolRequest,
];

/** The first byte chooses the message; every decoder gives a value or a TorError that is not our bug. */
export function fuzz(data: Uint8Array): void {
  const decode = decoders[(data[0] ?? 0) % decoders.length]!;
  try {
    decode(data.subarray(1));
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug') throw error;
  }
  const cell = new Uint8Array(509);
  cell.set(data.subarray(0, 509));
  const header = new m.RelayHeader();
  for (const format of [0, 1] as const) {
    if (header.read(cell, format) && header.offset + header.length > 509) throw new Error('message beyond the cell');
  }
}

export const seeds = (): Uint8Array[] => {
  const bodies = [
    m.encodeBegin({ address: 'example.com', port: 80, flags: 1 }),
    m.encodeConnected({ address: new Uint8Array(16).fill(1), ttlSec: 60 }),
    m.encodeEnd({ reason: 4, address: Uint8Array.of(1, 2, 3, 4), ttlSec: 5 }),
    m.encodeResolve('example.com'),
    m.encodeResolved([{ kind: 'hostname', hostname: 'a.b', ttlSec: 1 }]),
    m.encodeSendme(new Uint8Array(20)),
  ];
  return bodies.map((body, i) => Uint8Array.of(i, ...body));
};
