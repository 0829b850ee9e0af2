import { base64Unpadded } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import { ed25519Sign, x25519KeyPair } from '../../../crypto/primitives/index.ts';
import { CertType, makeEd25519Cert } from '../../cert/index.ts';
import { bytesOf } from '../meta/text.ts';
import { formatObject } from '../meta/values.ts';
import { authClientsFor, cookieLength } from './client-auth.ts';
import { formatFirstLayer } from './first-layer.ts';
import { sealLayer } from './layer-cipher.ts';
import { defaultMaxLength, signaturePrefix } from './outer.ts';
import { formatSecondLayer } from './second-layer.ts';
import type { LayerSecrets, OnionDescriptorFields } from './types.ts';

const paddingMultiple = 10_000;

/**
 * The signed text of a descriptor, both layers padded and encrypted. Throws INTERNAL when it came out longer than
 * directories take (50000 bytes), BAD_KEY for an authorized client's key of small order. spec: rend-spec-v3 2.4, 2.5
 */
export function encodeOnionDescriptor(fields: OnionDescriptorFields, random: Random): string {
  const { blindedKey, signingKey, subcredential, revisionCounter, certExpiresMs } = fields;
  const cert = makeEd25519Cert(
    {
      type: CertType.HS_DESCRIPTOR_SIGNING,
      certifiedKey: signingKey.publicKey,
      expiresAtMs: certExpiresMs,
      signingKey: blindedKey.publicKey,
    },
    (message) => ed25519Sign(message, blindedKey),
  );
  const secrets = { blindedKey: blindedKey.publicKey, subcredential, revisionCounter };
  const body = [
    `hs-descriptor 3\ndescriptor-lifetime ${Math.floor(fields.lifetimeSec / 60)}\n`,
    `descriptor-signing-key-cert\n${formatObject('ED25519 CERT', cert)}`,
    `revision-counter ${revisionCounter}\n`,
    `superencrypted\n${formatObject('MESSAGE', superencrypted(fields, secrets, random))}`,
  ].join('');
  const signature = ed25519Sign(bytesOf(signaturePrefix + body), signingKey);
  const text = `${body}signature ${base64Unpadded(signature)}\n`;
  if (text.length >= defaultMaxLength) throw new TorError('INTERNAL', 'the descriptor is too long to be published');
  return text;
}

function superencrypted(fields: OnionDescriptorFields, secrets: LayerSecrets, random: Random): Uint8Array {
  const clients = fields.authorizedClients ?? [];
  const cookie = clients.length === 0 ? undefined : random.bytes(cookieLength);
  const ephemeral = x25519KeyPair(random);
  const authorized = {
    subcredential: fields.subcredential,
    ephemeralSecretKey: ephemeral.secretKey,
    cookie: cookie ?? new Uint8Array(0),
    clients,
  };
  const first = formatFirstLayer({
    authEphemeralKey: ephemeral.publicKey,
    authClients: authClientsFor(authorized, random),
    encrypted: sealLayer('inner', bytesOf(formatSecondLayer(fields)), secrets, { cookie, random }),
  });
  return sealLayer('outer', padded(bytesOf(first)), secrets, { random });
}

/** Zeros up to the next multiple, so that the size of a descriptor tells little. */
function padded(plaintext: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(plaintext.length / paddingMultiple) * paddingMultiple);
  out.set(plaintext);
  return out;
}
