import { bytesEqual, latin1, Reader } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import * as cell from '../../src/wire/cell/index.ts';
import { decodeLinkSpecifiers, encodeLinkSpecifiers, identityOf } from '../../src/wire/linkspec/index.ts';
import { formatProtover, parseProtover } from '../../src/wire/protover/index.ts';

export const name = 'channel-cells';

/** Reads a body; what can be read must be written back as the same value. */
const codecs: readonly ((body: Uint8Array) => void)[] = [
  (body) => again(body, cell.decodeVersions, cell.encodeVersions),
  (body) => again(body, cell.decodeCerts, cell.encodeCerts),
  (body) => again(body, cell.decodeAuthChallenge, cell.encodeAuthChallenge),
  (body) => again(body, cell.decodeAuthenticate, cell.encodeAuthenticate),
  (body) => void cell.decodeAuthenticateBody(body),
  (body) => void cell.decodeNetinfo(body),
  (body) => void cell.decodeCreateFast(body),
  (body) => again(body, cell.decodeCreatedFast, cell.encodeCreatedFast),
  (body) => again(body.subarray(0, 509), cell.decodeCreate2, cell.encodeCreate2),
  (body) => again(body.subarray(0, 509), cell.decodeCreated2, cell.encodeCreated2),
  (body) => again(body, cell.decodePaddingNegotiate, cell.encodePaddingNegotiate),
  (body) => void cell.destroyReasonName(cell.decodeDestroy(body)),
  linkSpecifiers,
  (body) => {
    const list = parseProtover(latin1(body));
    const text = formatProtover(list);
    if (formatProtover(parseProtover(text)) !== text) throw new Error(`protover changed: ${text}`);
  },
];

function again<T>(body: Uint8Array, decode: (body: Uint8Array) => T, encode: (value: T) => Uint8Array): void {
  const written = encode(decode(body));
  if (!bytesEqual(written, body.subarray(0, written.length))) throw new Error('written otherwise than read');
}

function linkSpecifiers(body: Uint8Array): void {
  const reader = new Reader(body);
  const specifiers = decodeLinkSpecifiers(reader);
  identityOf(specifiers);
  if (!bytesEqual(encodeLinkSpecifiers(specifiers), body.subarray(0, reader.position))) {
    throw new Error('link specifiers changed');
  }
}

/** The first byte chooses the codec. */
export function fuzz(data: Uint8Array): void {
  const codec = codecs[(data[0] ?? 0) % codecs.length];
  try {
    codec?.(data.subarray(1));
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug') throw error;
  }
}

export const seeds = (): Uint8Array[] => {
  const bodies = [
    cell.encodeVersions([3, 4, 5]),
    cell.encodeCerts([{ type: 1, body: new Uint8Array(9) }]),
    cell.encodeAuthChallenge({ challenge: new Uint8Array(32), methods: [1, 3] }),
    cell.encodeAuthenticate({ type: 3, body: new Uint8Array(352) }),
    new Uint8Array(352),
    cell.encodeNetinfo({ timestamp: 1, otherAddress: new Uint8Array(4), myAddresses: [new Uint8Array(16)] }),
    new Uint8Array(20),
    cell.encodeCreatedFast({ y: new Uint8Array(20), keyHash: new Uint8Array(20) }),
    cell.encodeCreate2({ handshakeType: 2, data: new Uint8Array(84) }),
    cell.encodeCreated2(new Uint8Array(64)),
    cell.encodePaddingNegotiate({ command: 2, timeoutLowMs: 1, timeoutHighMs: 2 }),
    Uint8Array.of(5),
    encodeLinkSpecifiers([
      { kind: 'ipv4', address: new Uint8Array(4), port: 9001 },
      { kind: 'ed25519', id: new Uint8Array(32) },
      { kind: 'unknown', type: 77, body: Uint8Array.of(1, 2) },
    ]),
    new TextEncoder().encode('Cons=1-2 Link=3-5,9 Relay='),
  ];
  return bodies.map((body, i) => Uint8Array.of(i, ...body));
};
