import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { decodeLinkSpecifiers, encodeLinkSpecifiers, type LinkSpecifier } from '../linkspec/index.ts';

/** A request to make a circuit one hop longer. spec: tor-spec 5.1.2 */
export interface Extend2 {
  readonly linkSpecifiers: readonly LinkSpecifier[];
  /** 2 ntor, 3 ntor-v3. */
  readonly handshakeType: number;
  readonly handshake: Uint8Array;
}

/** NSPEC and specifiers, HTYPE (2), HLEN (2), HDATA. */
export function encodeExtend2(extend: Extend2): Uint8Array {
  return new Writer(256)
    .bytes(encodeLinkSpecifiers(extend.linkSpecifiers))
    .u16(extend.handshakeType)
    .u16(extend.handshake.length)
    .bytes(extend.handshake)
    .finish();
}

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodeExtend2(body: Uint8Array): Extend2 {
  const reader = new Reader(body);
  const linkSpecifiers = decodeLinkSpecifiers(reader);
  const handshakeType = reader.u16();
  return { linkSpecifiers, handshakeType, handshake: reader.bytes(reader.u16()) };
}

/** What a relay does with EXTEND2 once it has passed C tor's checks. */
export interface ExtendTarget {
  readonly rsa: Uint8Array;
  readonly ed25519?: Uint8Array;
  readonly ipv4?: { readonly address: Uint8Array; readonly port: number };
  readonly ipv6?: { readonly address: Uint8Array; readonly port: number };
}

/**
 * The one relay that a list of specifiers names: the first address of each family, exactly one RSA identity and at most
 * one Ed25519 identity. Throws VALUE_OUT_OF_RANGE where C tor closes the circuit (`extend_cell_from_extend2_cell_body`).
 */
export function extendTarget(specifiers: readonly LinkSpecifier[]): ExtendTarget {
  let target: Partial<ExtendTarget> = {};
  for (const specifier of specifiers) {
    switch (specifier.kind) {
      case 'ipv4':
        if (target.ipv4 === undefined) target = { ...target, ipv4: specifier };
        break;
      case 'ipv6':
        if (target.ipv6 === undefined) target = { ...target, ipv6: specifier };
        break;
      case 'rsa':
        if (target.rsa !== undefined) throw bad('two RSA identities');
        target = { ...target, rsa: specifier.id };
        break;
      case 'ed25519':
        if (target.ed25519 !== undefined) throw bad('two Ed25519 identities');
        target = { ...target, ed25519: specifier.id };
    }
  }
  const { rsa } = target;
  if (rsa === undefined) throw bad('no RSA identity');
  if (target.ipv4 === undefined && target.ipv6 === undefined) throw bad('no address');
  return { ...target, rsa };
}

const bad = (why: string): TorError => new TorError('VALUE_OUT_OF_RANGE', `EXTEND2 with ${why}`);

/** HLEN (2), HDATA. */
export function encodeExtended2(handshake: Uint8Array): Uint8Array {
  return new Writer(2 + handshake.length).u16(handshake.length).bytes(handshake).finish();
}

/** Throws TRUNCATED. */
export function decodeExtended2(body: Uint8Array): Uint8Array {
  const reader = new Reader(body);
  return reader.bytes(reader.u16());
}

/** TRUNCATE and TRUNCATED: one reason byte, as in DESTROY. */
export const encodeTruncate = (reason: number): Uint8Array => Uint8Array.of(reason);

/** Throws TRUNCATED for an empty body: C tor closes the circuit then. */
export const decodeTruncate = (body: Uint8Array): number => new Reader(body).u8();
