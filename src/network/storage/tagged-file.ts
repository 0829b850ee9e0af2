import { concatBytes, fromLatin1, latin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

const headerLength = 32;

/** `== <type>: <tag> ==`, padded with zeros to 32 bytes: how C tor's binary key files begin. */
function header(type: string, tag: string): Uint8Array {
  const out = new Uint8Array(headerLength);
  out.set(fromLatin1(`== ${type}: ${tag} ==`));
  return out;
}

export const formatTaggedFile = (type: string, tag: string, content: Uint8Array): Uint8Array =>
  concatBytes(header(type, tag), content);

/** What follows the header. Throws BAD_KEY_FILE when header or length are not as expected. */
export function parseTaggedFile(file: Uint8Array, type: string, tag: string, length?: number): Uint8Array {
  const content = file.slice(headerLength);
  const headed = latin1(file.subarray(0, headerLength)) === latin1(header(type, tag));
  if (!headed || (length !== undefined && content.length !== length)) {
    throw new TorError('BAD_KEY_FILE', `not a key file of type ${type}`);
  }
  return content;
}
