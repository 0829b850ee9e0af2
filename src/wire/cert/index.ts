export {
  CertKeyType,
  CertType,
  type Ed25519Cert,
  type Ed25519CertCheck,
  type Ed25519CertFields,
  makeEd25519Cert,
  parseEd25519Cert,
  verifyEd25519Cert,
} from './ed25519-cert.ts';
export {
  rsaOnionKeyCrossCertDigest,
  verifyNtorCrossCert,
  verifyRsaOnionKeyCrossCert,
} from './onion-key-crosscert.ts';
export { makeRsaCrossCert, parseRsaCrossCert, type RsaCrossCert, verifyRsaCrossCert } from './rsa-crosscert.ts';
