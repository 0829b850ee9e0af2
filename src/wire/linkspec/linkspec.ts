import { type Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** Who a relay is. At least one key is there; both for every relay of today. */
export interface RelayIdentity {
  /** SHA-1 of the RSA identity key's PKCS#1 encoding, 20 bytes. */
  readonly rsa?: Uint8Array;
  /** Ed25519 master identity key, 32 bytes. */
  readonly ed25519?: Uint8Array;
}

/** How to find or recognise a relay. spec: tor-spec 5.1.2 */
export type LinkSpecifier =
  | { readonly kind: 'ipv4'; readonly address: Uint8Array; readonly port: number }
  | { readonly kind: 'ipv6'; readonly address: Uint8Array; readonly port: number }
  | { readonly kind: 'rsa'; readonly id: Uint8Array }
  | { readonly kind: 'ed25519'; readonly id: Uint8Array }
  | { readonly kind: 'unknown'; readonly type: number; readonly body: Uint8Array };

export const LinkSpecifierType = { ipv4: 0, ipv6: 1, rsa: 2, ed25519: 3 } as const;

/** NSPEC (1), then for each LSTYPE (1) LSLEN (1) LSPEC. */
export function encodeLinkSpecifiers(specifiers: readonly LinkSpecifier[]): Uint8Array {
  const writer = new Writer(96).u8(specifiers.length);
  for (const specifier of specifiers) writeLinkSpecifier(writer, specifier);
  return writer.finish();
}

export function writeLinkSpecifier(writer: Writer, specifier: LinkSpecifier): void {
  switch (specifier.kind) {
    case 'ipv4':
      sized(specifier.address, 4);
      writer.u8(LinkSpecifierType.ipv4).u8(6).bytes(specifier.address).u16(specifier.port);
      return;
    case 'ipv6':
      sized(specifier.address, 16);
      writer.u8(LinkSpecifierType.ipv6).u8(18).bytes(specifier.address).u16(specifier.port);
      return;
    case 'rsa':
      sized(specifier.id, 20);
      writer.u8(LinkSpecifierType.rsa).u8(20).bytes(specifier.id);
      return;
    case 'ed25519':
      sized(specifier.id, 32);
      writer.u8(LinkSpecifierType.ed25519).u8(32).bytes(specifier.id);
      return;
    case 'unknown':
      writer.u8(specifier.type).u8(specifier.body.length).bytes(specifier.body);
  }
}

function sized(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new TorError('INTERNAL', `link specifier needs ${length} bytes`);
}

/** Reads a counted list at the reader's place, in order, unknown kinds kept. Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodeLinkSpecifiers(reader: Reader): LinkSpecifier[] {
  const count = reader.u8();
  const specifiers: LinkSpecifier[] = [];
  for (let i = 0; i < count; i++) specifiers.push(decodeLinkSpecifier(reader));
  return specifiers;
}

export function decodeLinkSpecifier(reader: Reader): LinkSpecifier {
  const type = reader.u8();
  const body = reader.bytes(reader.u8());
  switch (type) {
    case LinkSpecifierType.ipv4:
      return { kind: 'ipv4', ...endpoint(body, 4) };
    case LinkSpecifierType.ipv6:
      return { kind: 'ipv6', ...endpoint(body, 16) };
    case LinkSpecifierType.rsa:
      return { kind: 'rsa', id: exactly(body, 20) };
    case LinkSpecifierType.ed25519:
      return { kind: 'ed25519', id: exactly(body, 32) };
    default:
      return { kind: 'unknown', type, body };
  }
}

function endpoint(body: Uint8Array, addressLength: number): { address: Uint8Array; port: number } {
  exactly(body, addressLength + 2);
  const port = ((body[addressLength] as number) << 8) | (body[addressLength + 1] as number);
  return { address: body.subarray(0, addressLength), port };
}

function exactly(body: Uint8Array, length: number): Uint8Array {
  if (body.length === length) return body;
  throw new TorError('VALUE_OUT_OF_RANGE', 'link specifier of a wrong length', {
    facts: { wanted: length, have: body.length },
  });
}

/** The identity a list names; a later specifier of the same kind does not replace the first. */
export function identityOf(specifiers: readonly LinkSpecifier[]): RelayIdentity {
  let identity: RelayIdentity = {};
  for (const specifier of specifiers) {
    if (specifier.kind === 'rsa' && identity.rsa === undefined) identity = { ...identity, rsa: specifier.id };
    if (specifier.kind === 'ed25519' && identity.ed25519 === undefined) {
      identity = { ...identity, ed25519: specifier.id };
    }
  }
  return identity;
}
