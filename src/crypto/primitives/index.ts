export { AesCtr } from './aes.ts';
export { type HashName, hmacSha256, RunningHash, sha1, sha3_256, sha3Mac, sha256, sha512, shake256 } from './digest.ts';
export {
  type Ed25519KeyPair,
  type Ed25519SecretKey,
  ed25519KeyPair,
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify,
  expandSeed,
} from './ed25519.ts';
export {
  blindExpandedKey,
  blindPublicKey,
  type ExpandedKey,
  ed25519FromCurve25519,
  expandedKeyFrom,
  expandedKeyFromCurve25519,
  isValidEd25519PublicKey,
} from './ed25519-point.ts';
export { hkdfSha256, kdfTor } from './kdf.ts';
export { opeEncrypt, opeMax } from './ope.ts';
export { RsaPrivateKey, RsaPublicKey } from './rsa.ts';
export { s2kMatches, s2kRfc2440, s2kSpecifierLength } from './s2k.ts';
export { secretEqual } from './secret-equal.ts';
export { generateTlsKey, makeX509, X509Cert, type X509Fields, x509Pem } from './x509.ts';
export {
  type X25519KeyPair,
  type X25519Peer,
  x25519,
  x25519KeyPair,
  x25519KeyPairFrom,
  x25519Peer,
  x25519PublicKey,
} from './x25519.ts';
