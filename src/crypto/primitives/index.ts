export { AesCtr } from './aes.ts';
export { hkdfSha256, hmacSha256, kdfTor, RunningHash, sha1, sha3_256, sha256, sha512, shake256 } from './digest.ts';
export {
  blindExpandedKey,
  blindPublicKey,
  type Ed25519KeyPair,
  type ExpandedKey,
  ed25519FromCurve25519,
  ed25519KeyPair,
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify,
  expandedKeyFrom,
  expandedKeyFromCurve25519,
  expandSeed,
  isValidEd25519PublicKey,
} from './ed25519.ts';
export { RsaPrivateKey, RsaPublicKey } from './rsa.ts';
export { secretEqual } from './secret.ts';
export { x25519, x25519KeyPair, x25519PublicKey, type X25519KeyPair } from './x25519.ts';
export { generateTlsKey, makeX509, X509Cert, type X509Fields, x509Pem } from './x509.ts';
