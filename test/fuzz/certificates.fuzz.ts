import { TorError } from '../../src/base/errors/index.ts';
import { RsaPublicKey, X509Cert } from '../../src/crypto/primitives/index.ts';
import { checkInitiatorCerts, checkResponderCerts } from '../../src/protocol/channel/index.ts';
import { decodeCerts } from '../../src/wire/cell/index.ts';
import {
  parseEd25519Cert,
  parseRsaCrossCert,
  verifyEd25519Cert,
  verifyRsaCrossCert,
  verifyRsaOnionKeyCrossCert,
} from '../../src/wire/cert/index.ts';
import { loadVectors } from '../support/vectors.ts';

export const name = 'certificates';

const [handshake] = loadVectors('link-handshake', 'responder');
const [onionKey] = loadVectors('ed25519-certs', 'onion_key_crosscert');
if (handshake === undefined || onionKey === undefined) throw new Error('no vectors');
const tlsCert = handshake.bytes('tls_certificate');
const certsBody = handshake.bytes('server_certs').subarray(7);
const nowMs = Date.UTC(2026, 10, 21, 12);
const rsa = RsaPublicKey.fromDer(onionKey.bytes('onion_key_der'));
const ed25519 = onionKey.bytes('ed25519_identity');

const readers: readonly ((bytes: Uint8Array) => void)[] = [
  (bytes) => {
    const cert = parseEd25519Cert(bytes);
    verifyEd25519Cert(cert, { type: cert.type, nowMs });
  },
  (bytes) => verifyRsaCrossCert(parseRsaCrossCert(bytes), { rsa, ed25519: bytes.subarray(0, 32), nowMs }),
  (bytes) => {
    const cert = X509Cert.parse(bytes);
    cert.isSignedBy(cert);
  },
  (bytes) => verifyRsaOnionKeyCrossCert(bytes, { onionKey: rsa, rsa: new Uint8Array(20), ed25519 }),
  (bytes) => void checkResponderCerts(decodeCerts(bytes), tlsCert, nowMs),
  (bytes) => void checkInitiatorCerts(decodeCerts(bytes), nowMs),
];

/** The first byte chooses the kind of certificate. */
export function fuzz(data: Uint8Array): void {
  try {
    readers[(data[0] ?? 0) % readers.length]?.(data.subarray(1));
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug') throw error;
  }
}

export const seeds = (): Uint8Array[] => {
  const certs = decodeCerts(certsBody);
  const of = (type: number): Uint8Array => certs.find((entry) => entry.type === type)?.body ?? new Uint8Array(0);
  const bodies = [of(4), of(7), of(2), onionKey.bytes('crosscert'), certsBody, certsBody];
  return bodies.map((body, i) => Uint8Array.of(i, ...body));
};
