import { Reader, Writer } from '../../base/bytes/index.ts';

/** Certificate kinds of CERTS. spec: tor-spec 4.2 */
export const CertsCellType = {
  /** X.509: TLS link key signed by the RSA identity. */
  RSA_LINK: 1,
  /** X.509: RSA identity, self-signed. */
  RSA_IDENTITY: 2,
  /** X.509: RSA authentication key; obsolete. */
  RSA_AUTH: 3,
  /** Ed25519: signing key by identity key. */
  ED25519_SIGNING: 4,
  /** Ed25519: digest of the TLS certificate by signing key. */
  ED25519_LINK: 5,
  /** Ed25519: authentication key by signing key. */
  ED25519_AUTH: 6,
  /** RSA identity vouches for the Ed25519 identity. */
  RSA_ED25519_CROSS: 7,
} as const;

export interface CertsEntry {
  readonly type: number;
  readonly body: Uint8Array;
}

/** N (1), then for each: type (1), length (2), body. */
export function encodeCerts(certs: readonly CertsEntry[]): Uint8Array {
  const writer = new Writer(2048).u8(certs.length);
  for (const { type, body } of certs) writer.u8(type).u16(body.length).bytes(body);
  return writer.finish();
}

/** Bytes after the last certificate are allowed and ignored, as in C tor. Throws TRUNCATED. */
export function decodeCerts(body: Uint8Array): CertsEntry[] {
  const reader = new Reader(body);
  const count = reader.u8();
  const certs: CertsEntry[] = [];
  for (let i = 0; i < count; i++) {
    const type = reader.u8();
    certs.push({ type, body: reader.bytes(reader.u16()) });
  }
  return certs;
}
