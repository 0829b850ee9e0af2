import { base64Unpadded, bytesEqual } from '../../../base/bytes/index.ts';
import type { RsaPublicKey } from '../../../crypto/primitives/index.ts';
import {
  CertType,
  type Ed25519Cert,
  parseEd25519Cert,
  verifyNtorCrossCert,
  verifyRsaOnionKeyCrossCert,
} from '../../cert/index.ts';
import { certOf, needed, objectOf, proveCert, proving } from '../meta/certs.ts';
import { rsaShape } from '../meta/der.ts';
import { checkEdSignature, identityCertOf } from '../meta/relay-signatures.ts';
import { signatureError } from '../meta/text.ts';
import { rsaKeyOf, type Section, type Token } from '../meta/tokenizer.ts';
import { decodeBase64Of } from '../meta/values.ts';

/** The keys in a descriptor beside the RSA identity, each proven to be of the same relay. */
export interface DescriptorKeys {
  readonly onionKey: RsaPublicKey | undefined;
  readonly ntorKey: Uint8Array | undefined;
  readonly ed25519Id: Uint8Array | undefined;
  readonly ed25519SigningKey: Uint8Array | undefined;
  readonly certExpiresMs: number;
  readonly familyIds: readonly string[];
}

const goodExponent = 65537;

function onionKeyOf(section: Section): RsaPublicKey | undefined {
  const token = section.first('onion-key');
  if (token?.object === undefined) return undefined;
  if (rsaShape(token.object.bytes)?.exponent !== goodExponent) {
    throw section.error(token, 'the onion key has an exponent that cannot be');
  }
  return rsaKeyOf(token);
}

/** Throws NETDOC_SYNTAX, NETDOC_SIGNATURE. `prove` is false for shortened documents. */
export function keysOf(section: Section, rsaId: Uint8Array, prove: boolean): DescriptorKeys {
  const onionKey = onionKeyOf(section);
  const ntorToken = section.first('ntor-onion-key');
  const ntorKey = ntorToken && needed(decodeBase64Of(ntorToken.args[0] ?? '', 32), 'ntor-onion-key');
  const keys = { onionKey, ntorKey, familyIds: [] };
  if (section.first('identity-ed25519') === undefined) {
    return { ...keys, ed25519Id: undefined, ed25519SigningKey: undefined, certExpiresMs: Number.POSITIVE_INFINITY };
  }
  const { cert, identity } = identityCertOf(section);
  const position = section.tokens.indexOf(section.need('identity-ed25519'));
  if (Math.abs(position - section.tokens.indexOf(section.need('router'))) !== 1) {
    throw section.error(section.need('identity-ed25519'), 'identity-ed25519 does not stand beside router');
  }
  const master = section.need('master-key-ed25519');
  const declared = decodeBase64Of(master.args[0] ?? '', 32);
  if (declared === undefined || !bytesEqual(declared, identity)) {
    throw section.error(master, 'master-key-ed25519 is not the key of the certificate');
  }
  const ntorCert = prove ? proveNtorKey(section, ntorKey, identity) : undefined;
  if (prove) {
    proveOnionKey(section, onionKey, { rsaId, identity });
    checkEdSignature(section, 'router ', cert);
  }
  return {
    ...keys,
    ed25519Id: identity,
    ed25519SigningKey: cert.certifiedKey,
    certExpiresMs: Math.min(cert.expiresAtMs, ntorCert?.expiresAtMs ?? Number.POSITIVE_INFINITY),
    familyIds: familyIdsOf(section, identity, prove),
  };
}

function proveOnionKey(
  section: Section,
  onionKey: RsaPublicKey | undefined,
  relay: { readonly rsaId: Uint8Array; readonly identity: Uint8Array },
): void {
  const token = section.first('onion-key-crosscert');
  if (token === undefined && onionKey === undefined) return;
  if (token === undefined || onionKey === undefined) {
    throw section.error(section.need('router'), 'one of onion-key and onion-key-crosscert without the other');
  }
  const signature = objectOf(section, token, 'CROSSCERT');
  proving('onion-key-crosscert', () =>
    verifyRsaOnionKeyCrossCert(signature, { onionKey, rsa: relay.rsaId, ed25519: relay.identity }),
  );
}

function proveNtorKey(section: Section, ntorKey: Uint8Array | undefined, identity: Uint8Array): Ed25519Cert {
  const token = section.need('ntor-onion-key-crosscert');
  const cert = certOf(section, token);
  const bit = token.args[0];
  if (ntorKey === undefined || (bit !== '0' && bit !== '1')) throw section.error(token, 'a sign bit that cannot be');
  const check = { ntorKey, signBit: bit === '1' ? 1 : 0, ed25519: identity } as const;
  proving('ntor-onion-key-crosscert', () => verifyNtorCrossCert(cert, check));
  return cert;
}

/** Families whose keys vouch for this relay, sorted, each once. spec: proposal 321 */
function familyIdsOf(section: Section, identity: Uint8Array, prove: boolean): readonly string[] {
  const ids = section.all('family-cert').map((token) => familyIdOf(section, token, identity, prove));
  return [...new Set(ids)].sort();
}

function familyIdOf(section: Section, token: Token, identity: Uint8Array, prove: boolean): string {
  // C tor writes FAMILY CERT here and reads any type.
  const encoded = token.object?.bytes ?? new Uint8Array(0);
  const cert = proving('family-cert', () => parseEd25519Cert(encoded));
  if (cert.type !== CertType.FAMILY_IDENTITY || cert.signingKey === undefined) {
    throw section.error(token, 'family-cert is not a certificate by a family');
  }
  if (!bytesEqual(cert.certifiedKey, identity)) throw signatureError('family-cert is for another relay');
  if (prove) proveCert(cert, { type: CertType.FAMILY_IDENTITY }, 'family-cert');
  return `ed25519:${base64Unpadded(cert.signingKey)}`;
}
