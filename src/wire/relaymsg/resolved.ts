import { fromLatin1, latin1, Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** One answer of RESOLVED. spec: tor-spec 6.4 */
export type ResolvedAnswer =
  | { readonly kind: 'hostname'; readonly hostname: string; readonly ttlSec: number }
  | { readonly kind: 'ipv4' | 'ipv6'; readonly address: Uint8Array; readonly ttlSec: number }
  | { readonly kind: 'error'; readonly transient: boolean; readonly ttlSec: number };

/** Answer types. spec: tor-spec 6.4 */
export const ResolvedType = { HOSTNAME: 0, IPV4: 4, IPV6: 6, ERROR_TRANSIENT: 0xf0, ERROR: 0xf1 } as const;

/** The host name or reverse name, NUL terminated. */
export function encodeResolve(name: string): Uint8Array {
  if (!/^[\x21-\x7e]+$/.test(name)) throw new TorError('BAD_ADDRESS', 'a name to resolve must be printable ASCII');
  return new Writer(64).bytes(fromLatin1(name)).u8(0).finish();
}

/** The name up to the first NUL, or all of it, in lower case. */
export function decodeResolve(body: Uint8Array): string {
  const nul = body.indexOf(0);
  return latin1(nul < 0 ? body : body.subarray(0, nul)).toLowerCase();
}

const errorText = fromLatin1('Error resolving hostname');

/** For each answer TYPE (1), LENGTH (1), VALUE, TTL (4). An error carries C tor's text. */
export function encodeResolved(answers: readonly ResolvedAnswer[]): Uint8Array {
  const writer = new Writer(64);
  for (const answer of answers) {
    switch (answer.kind) {
      case 'hostname':
        put(writer, ResolvedType.HOSTNAME, fromLatin1(answer.hostname), answer.ttlSec);
        break;
      case 'ipv4':
        put(writer, ResolvedType.IPV4, answer.address, answer.ttlSec);
        break;
      case 'ipv6':
        put(writer, ResolvedType.IPV6, answer.address, answer.ttlSec);
        break;
      case 'error':
        put(writer, answer.transient ? ResolvedType.ERROR_TRANSIENT : ResolvedType.ERROR, errorText, answer.ttlSec);
    }
  }
  return writer.finish();
}

const put = (writer: Writer, type: number, value: Uint8Array, ttlSec: number): Writer =>
  writer.u8(type).u8(value.length).bytes(value).u32(ttlSec);

/** In the order they came; unknown types are skipped. Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodeResolved(body: Uint8Array): ResolvedAnswer[] {
  const reader = new Reader(body);
  const answers: ResolvedAnswer[] = [];
  while (reader.remaining > 0) {
    const type = reader.u8();
    const value = reader.bytes(reader.u8());
    const ttlSec = reader.u32();
    switch (type) {
      case ResolvedType.HOSTNAME:
        if (value.length === 0) throw wrongLength(type);
        answers.push({ kind: 'hostname', hostname: latin1(value), ttlSec });
        break;
      case ResolvedType.IPV4:
        if (value.length !== 4) throw wrongLength(type);
        answers.push({ kind: 'ipv4', address: value, ttlSec });
        break;
      case ResolvedType.IPV6:
        if (value.length !== 16) throw wrongLength(type);
        answers.push({ kind: 'ipv6', address: value, ttlSec });
        break;
      case ResolvedType.ERROR_TRANSIENT:
      case ResolvedType.ERROR:
        answers.push({ kind: 'error', transient: type === ResolvedType.ERROR_TRANSIENT, ttlSec });
    }
  }
  return answers;
}

const wrongLength = (type: number): TorError =>
  new TorError('VALUE_OUT_OF_RANGE', 'RESOLVED answer of a wrong length', { facts: { type } });
