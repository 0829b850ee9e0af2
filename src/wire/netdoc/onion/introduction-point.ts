import { base64, Reader } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { type Ed25519KeyPair, ed25519FromCurve25519, ed25519Sign } from '../../../crypto/primitives/index.ts';
import { CertType, makeEd25519Cert, parseRsaCrossCert, verifyRsaCrossCert } from '../../cert/index.ts';
import { decodeLinkSpecifiers, encodeLinkSpecifiers, type LinkSpecifier } from '../../linkspec/index.ts';
import { certOf, needed, objectOf, proveCert, proving } from '../meta/certs.ts';
import { anyWords, atLeast, exactly, KeywordTable, maybe, noWords, once, some } from '../meta/rules.ts';
import { rsaKeyOf, type Section, tokenize } from '../meta/tokenizer.ts';
import { decodeBase64, decodeBase64Of, formatObject } from '../meta/values.ts';
import type { IntroductionPoint, IntroductionPointFields } from './types.ts';

const table = new KeywordTable({
  'introduction-point': once(exactly(1), { at: 'start' }),
  'onion-key': some(atLeast(2), { object: 'optional' }),
  'auth-key': once(noWords, { object: 'needed' }),
  'enc-key': once(atLeast(2), { object: 'optional' }),
  'enc-key-cert': once(anyWords, { object: 'needed' }),
  'legacy-key': maybe(anyWords, { object: 'rsa-key-1024' }),
  'legacy-key-cert': maybe(anyWords, { object: 'needed' }),
});

export interface IntroductionPointCheck {
  /** The descriptor's signing key. */
  readonly signingKey: Uint8Array;
  readonly nowMs: number;
}

/** Reads and proves one introduction point. Throws NETDOC_SYNTAX, NETDOC_SIGNATURE, CERTIFICATE_EXPIRED. */
export function parseIntroductionPoint(text: string, check: IntroductionPointCheck): IntroductionPoint {
  const section = tokenize(text, table);
  const authCert = certOf(section, section.need('auth-key'));
  const encCert = certOf(section, section.need('enc-key-cert'));
  const encKey = keyOf(section, 'enc-key');
  proveInside(authCert, { ...check, type: CertType.HS_INTRO_AUTH }, 'auth-key');
  proveInside(encCert, { ...check, type: CertType.HS_INTRO_ENCRYPTION }, 'enc-key-cert');
  checkLegacyKey(section, check);
  return {
    linkSpecifiers: linkSpecifiersOf(section),
    onionKey: keyOf(section, 'onion-key'),
    authKey: authCert.certifiedKey,
    authKeyCertExpiresMs: authCert.expiresAtMs,
    encKey,
  };
}

/** C tor wants the signing key written inside these certificates, though it is known. */
function proveInside(
  cert: ReturnType<typeof certOf>,
  check: IntroductionPointCheck & { readonly type: number },
  what: string,
): void {
  needed(cert.signingKey, `the signing key in ${what}`);
  proveCert(cert, { type: check.type, signedBy: check.signingKey, nowMs: check.nowMs }, what);
}

function linkSpecifiersOf(section: Section): LinkSpecifier[] {
  const token = section.need('introduction-point');
  const bytes = decodeBase64(token.args[0] ?? '');
  try {
    const reader = new Reader(bytes ?? new Uint8Array(0));
    const specifiers = decodeLinkSpecifiers(reader);
    reader.end();
    return specifiers;
  } catch (error) {
    if (!TorError.is(error)) throw error;
    throw section.error(token, 'the link specifiers cannot be read');
  }
}

/** The last ntor key of a keyword that may stand several times. */
function keyOf(section: Section, keyword: string): Uint8Array {
  const token = section.all(keyword).findLast((each) => each.args[0] === 'ntor');
  return needed(decodeBase64Of(token?.args[1] ?? '', 32), keyword);
}

const certLifetimeMs = 54 * 3_600_000;

/** Keys of introduction points that spoke TAP: nobody uses them, but C tor skips a point whose proof is wrong. */
function checkLegacyKey(section: Section, check: IntroductionPointCheck): void {
  const token = section.first('legacy-key');
  if (token === undefined) return;
  const encoded = objectOf(section, section.need('legacy-key-cert'), 'CROSSCERT');
  proving('legacy-key-cert', () =>
    verifyRsaCrossCert(parseRsaCrossCert(encoded), {
      rsa: rsaKeyOf(token),
      ed25519: check.signingKey,
      nowMs: check.nowMs - certLifetimeMs,
    }),
  );
}

/** The lines of one introduction point, its keys certified by the descriptor's signing key. */
export function formatIntroductionPoint(
  point: IntroductionPointFields,
  signing: { readonly key: Ed25519KeyPair; readonly expiresAtMs: number },
): string {
  const certify = (type: number, certifiedKey: Uint8Array): string =>
    formatObject(
      'ED25519 CERT',
      makeEd25519Cert(
        { type, certifiedKey, expiresAtMs: signing.expiresAtMs, signingKey: signing.key.publicKey },
        (message) => ed25519Sign(message, signing.key),
      ),
    );
  return [
    `introduction-point ${base64(encodeLinkSpecifiers(point.linkSpecifiers))}\n`,
    `onion-key ntor ${base64(point.onionKey)}\n`,
    `auth-key\n${certify(CertType.HS_INTRO_AUTH, point.authKey)}`,
    `enc-key ntor ${base64(point.encKey)}\n`,
    // The sign bit of the converted key is always zero here.
    `enc-key-cert\n${certify(CertType.HS_INTRO_ENCRYPTION, ed25519FromCurve25519(point.encKey, 0))}`,
  ].join('');
}
