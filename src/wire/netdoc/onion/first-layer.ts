import { base64, base64Unpadded, latin1 } from '../../../base/bytes/index.ts';
import { needed, objectOf } from '../meta/certs.ts';
import { atLeast, KeywordTable, noWords, once, some } from '../meta/rules.ts';
import { textOf } from '../meta/text.ts';
import { type Section, type Token, tokenize } from '../meta/tokenizer.ts';
import type { DocumentText } from '../meta/types.ts';
import { decodeBase64Of, formatObject } from '../meta/values.ts';
import { isLayerLength } from './layer-cipher.ts';
import type { AuthClient, OnionDescriptorFirstLayer } from './types.ts';

const table = new KeywordTable({
  'desc-auth-type': once(atLeast(1), { at: 'start' }),
  'desc-auth-ephemeral-key': once(atLeast(1)),
  'auth-client': some(atLeast(3)),
  encrypted: once(noWords, { object: 'needed' }),
});

/** Plaintext up to its zero padding. */
export function unpadded(plaintext: Uint8Array): string {
  const end = plaintext.indexOf(0);
  return latin1(end === -1 ? plaintext : plaintext.subarray(0, end));
}

/** Reads the opened outer layer. Throws NETDOC_SYNTAX. spec: rend-spec-v3 2.5.1.2 */
export function parseFirstLayer(document: DocumentText): OnionDescriptorFirstLayer {
  const section = tokenize(textOf(document), table);
  const type = section.need('desc-auth-type');
  if (type.args[0] !== 'x25519') throw section.error(type, 'an unknown kind of client authorization');
  const authEphemeralKey = decodeBase64Of(section.arg('desc-auth-ephemeral-key') ?? '', 32);
  const encrypted = objectOf(section, section.need('encrypted'), 'MESSAGE');
  if (!isLayerLength(encrypted.length)) throw section.error(section.need('encrypted'), 'encrypted data too short');
  return {
    authEphemeralKey: needed(authEphemeralKey, 'desc-auth-ephemeral-key'),
    authClients: section.all('auth-client').map((token) => clientOf(section, token)),
    encrypted,
  };
}

function clientOf(section: Section, token: Token): AuthClient {
  const [id = '', vector = '', cookie = ''] = token.args;
  const clientId = decodeBase64Of(id, 8);
  const iv = decodeBase64Of(vector, 16);
  const encryptedCookie = decodeBase64Of(cookie, 16);
  if (clientId === undefined || iv === undefined || encryptedCookie === undefined) {
    throw section.error(token, 'auth-client cannot be read');
  }
  return { clientId, iv, encryptedCookie };
}

/** Without a line end after the object, as C tor writes it. */
export function formatFirstLayer(layer: OnionDescriptorFirstLayer): string {
  const clients = layer.authClients.map(
    ({ clientId, iv, encryptedCookie }) =>
      `auth-client ${base64Unpadded(clientId)} ${base64Unpadded(iv)} ${base64Unpadded(encryptedCookie)}\n`,
  );
  const head = `desc-auth-type x25519\ndesc-auth-ephemeral-key ${base64(layer.authEphemeralKey)}\n`;
  const encrypted = formatObject('MESSAGE', layer.encrypted).trimEnd();
  return `${head}${clients.join('')}encrypted\n${encrypted}`;
}
