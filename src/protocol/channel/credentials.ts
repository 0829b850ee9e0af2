/** What a relay shows on its links. Made and renewed by its owner; a channel keeps the set it began with. */
export interface LinkCredentials {
  /** Ed25519 master identity, 32 bytes. */
  readonly ed25519: Uint8Array;
  /** RSA identity key, PKCS#1 DER. */
  readonly rsaKey: Uint8Array;
  /** X.509: the RSA identity, self-signed (CERTS type 2). */
  readonly rsaIdentityCert: Uint8Array;
  /** Ed25519: identity certifies the signing key (type 4). */
  readonly signingCert: Uint8Array;
  /** The RSA identity certifies the Ed25519 identity (type 7). */
  readonly crossCert: Uint8Array;
  /** X.509 of the TLS link key (type 1), as shown in TLS by this node when it responds. */
  readonly tlsCert: Uint8Array;
  /** Ed25519: signing key certifies the TLS certificate's SHA-256 (type 5). */
  readonly linkCert: Uint8Array;
  /** Ed25519: signing key certifies the authentication key (type 6). */
  readonly authCert: Uint8Array;
  /** Signs with the authentication key. */
  readonly signAuth: (message: Uint8Array) => Uint8Array;
}
