import { bytesEqual } from '../../../base/bytes/index.ts';
import { ed25519Verify } from '../../../crypto/primitives/index.ts';
import { CertType } from '../../cert/index.ts';
import { certOf, needed, objectOf, proveCert } from '../meta/certs.ts';
import { integerArg } from '../meta/fields.ts';
import { exactly, KeywordTable, noWords, once } from '../meta/rules.ts';
import { bytesOf, signatureError, syntaxError, textOf } from '../meta/text.ts';
import { type Section, tokenize } from '../meta/tokenizer.ts';
import type { DocumentText } from '../meta/types.ts';
import { decodeBase64Of } from '../meta/values.ts';
import { isLayerLength } from './layer-cipher.ts';
import type { OnionDescriptorOuter } from './types.ts';

const table = new KeywordTable({
  'hs-descriptor': once(exactly(1), { at: 'start' }),
  'descriptor-lifetime': once(exactly(1)),
  'descriptor-signing-key-cert': once(noWords, { object: 'needed' }),
  'revision-counter': once(exactly(1)),
  superencrypted: once(noWords, { object: 'needed' }),
  signature: once(exactly(1), { at: 'end' }),
});

export const signaturePrefix = 'Tor onion service descriptor sig v3';
const version = 3;
const maxLifetimeMinutes = 12 * 60;
/** The consensus may set another with HSV3MaxDescriptorSize. */
export const defaultMaxLength = 50_000;

export interface OuterOptions {
  readonly nowMs: number;
  /** Who must have certified the signing key. */
  readonly blindedKey?: Uint8Array;
  /** As long as this is too long; default 50000. */
  readonly maxLength?: number;
}

/**
 * Reads the outer layer and checks its certificate and signature: what an HSDir does with an upload, and the first
 * step of a client.
 *
 * @throws TorError NETDOC_SYNTAX, NETDOC_SIGNATURE, CERTIFICATE_EXPIRED
 */
export function parseOnionDescriptor(document: DocumentText, options: OuterOptions): OnionDescriptorOuter {
  if (document.length >= (options.maxLength ?? defaultMaxLength)) throw syntaxError('the descriptor is too long');
  const text = textOf(document);
  const section = tokenize(text, table);
  integerArg(section, section.need('hs-descriptor'), 0, version, version);
  const lifetimeMinutes = integerArg(section, section.need('descriptor-lifetime'), 0, 0, maxLifetimeMinutes);
  const revisionCounter = revisionCounterOf(section);
  const cert = certOf(section, section.need('descriptor-signing-key-cert'));
  needed(cert.signingKey, 'the key that signed the certificate');
  const check = { type: CertType.HS_DESCRIPTOR_SIGNING, nowMs: options.nowMs };
  const blindedKey = proveCert(cert, check, 'descriptor-signing-key-cert');
  if (options.blindedKey !== undefined && !bytesEqual(options.blindedKey, blindedKey)) {
    throw signatureError('the descriptor is of another service or time period');
  }
  const superencrypted = objectOf(section, section.need('superencrypted'), 'MESSAGE');
  if (!isLayerLength(superencrypted.length)) throw syntaxError('the superencrypted part is too short');
  checkSignature(section, cert.certifiedKey);
  return {
    text,
    lifetimeSec: lifetimeMinutes * 60,
    revisionCounter,
    signingKey: cert.certifiedKey,
    blindedKey,
    certExpiresMs: cert.expiresAtMs,
    superencrypted,
  };
}

const maxCounter = 2n ** 64n - 1n;

function revisionCounterOf(section: Section): bigint {
  const token = section.need('revision-counter');
  const word = token.args[0] ?? '';
  const counter = /^\d{1,20}$/.test(word) ? BigInt(word) : maxCounter + 1n;
  if (counter > maxCounter) throw section.error(token, 'revision-counter is no number of 64 bits');
  return counter;
}

function checkSignature(section: Section, signingKey: Uint8Array): void {
  const word = section.arg('signature') ?? '';
  const signature = word.length === 86 ? decodeBase64Of(word, 64) : undefined;
  const end = section.text.indexOf('\nsignature ');
  if (signature === undefined || end === -1) throw section.error(section.need('signature'), 'no signature');
  const signed = bytesOf(signaturePrefix + section.text.slice(0, end + 1));
  if (!ed25519Verify(signature, signed, signingKey)) throw signatureError("the descriptor's signature is wrong");
}
