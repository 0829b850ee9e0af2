import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** A field of an extension list: in ntor-v3 messages, introduction and ESTABLISH_INTRO cells. */
export interface ExtensionField {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Count (1), then for each TYPE (1), LENGTH (1), BODY; sorted by type, as C tor sends them. */
export function encodeExtensions(fields: readonly ExtensionField[]): Uint8Array {
  const writer = new Writer(16).u8(fields.length);
  for (const { type, body } of [...fields].sort((a, b) => a.type - b.type)) {
    writer.u8(type).u8(body.length).bytes(body);
  }
  return writer.finish();
}

/** Reads a list at the reader's place, in the order it came. Throws TRUNCATED. */
export function readExtensions(reader: Reader): ExtensionField[] {
  const count = reader.u8();
  const fields: ExtensionField[] = [];
  for (let i = 0; i < count; i++) {
    const type = reader.u8();
    fields.push({ type, body: reader.bytes(reader.u8()) });
  }
  return fields;
}

/** A whole message that is one list; bytes after it are ignored, as in C tor. Throws TRUNCATED. */
export const decodeExtensions = (message: Uint8Array): ExtensionField[] => readExtensions(new Reader(message));

/** The first field of a type: C tor never looks at a second one. */
export const findExtension = (fields: readonly ExtensionField[], type: number): ExtensionField | undefined =>
  fields.find((field) => field.type === type);

/** Fields of circuit handshakes. spec: proposals 324, 346; C tor `onion_crypto.c` */
export const CircuitExtension = { CC_REQUEST: 1, CC_RESPONSE: 2, SUBPROTOCOL_REQUEST: 3 } as const;

/** Subprotocol numbers of subprotocol requests, as in C tor's `protocol_type_t`. */
export const SubprotocolId = { RELAY: 2 } as const;

/** Relay=6: Counter Galois Onion encryption. */
export const relayCgoVersion = 6;

/** One capability that a client asks a relay to turn on. */
export interface SubprotocolRequest {
  readonly protocol: number;
  readonly version: number;
}

/** Pairs of protocol (1) and version (1), ascending. */
export function encodeSubprotocolRequest(requests: readonly SubprotocolRequest[]): Uint8Array {
  const writer = new Writer(2 * requests.length);
  for (const { protocol, version } of requests) writer.u8(protocol).u8(version);
  return writer.finish();
}

/** Throws TRUNCATED, and VALUE_OUT_OF_RANGE when the pairs are not sorted and unique. */
export function decodeSubprotocolRequest(body: Uint8Array): SubprotocolRequest[] {
  const reader = new Reader(body);
  const requests: SubprotocolRequest[] = [];
  let last = -1;
  while (reader.remaining > 0) {
    const [protocol, version] = [reader.u8(), reader.u8()];
    const key = protocol * 256 + version;
    if (key <= last) throw new TorError('VALUE_OUT_OF_RANGE', 'subprotocol request out of order');
    last = key;
    requests.push({ protocol, version });
  }
  return requests;
}
