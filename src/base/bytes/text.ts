import { TorError } from '../errors/index.ts';

const utf8Decoder = new TextDecoder('utf-8', { fatal: false });
const utf8Encoder = new TextEncoder();

export const utf8 = (bytes: Uint8Array): string => utf8Decoder.decode(bytes);
export const fromUtf8 = (text: string): Uint8Array => utf8Encoder.encode(text);

/** Bytes as text, one character a byte (Latin-1): loses nothing and keeps offsets. */
export const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
export const fromLatin1 = (text: string): Uint8Array => bufferToBytes(Buffer.from(text, 'latin1'));

const bufferToBytes = (b: Buffer): Uint8Array => new Uint8Array(b.buffer, b.byteOffset, b.length);
const view = (b: Uint8Array): Buffer => Buffer.from(b.buffer, b.byteOffset, b.length);

/** Lower-case hexadecimal. */
export const base16 = (bytes: Uint8Array): string => view(bytes).toString('hex');
/** Upper-case hexadecimal, as fingerprints are written. */
export const base16Upper = (bytes: Uint8Array): string => base16(bytes).toUpperCase();

export function fromBase16(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new TorError('BAD_ENCODING', 'not base16');
  return bufferToBytes(Buffer.from(text, 'hex'));
}

/** Base64 without padding, as most Tor documents write digests and keys. */
export const base64Unpadded = (bytes: Uint8Array): string => view(bytes).toString('base64').replace(/=+$/, '');
export const base64 = (bytes: Uint8Array): string => view(bytes).toString('base64');

/** Accepts base64 with or without padding; white space and other alphabets are refused. */
export function fromBase64(text: string): Uint8Array {
  const bare = text.replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(bare) || bare.length % 4 === 1) throw new TorError('BAD_ENCODING', 'not base64');
  if (bare.length !== text.length && text.length % 4 !== 0) throw new TorError('BAD_ENCODING', 'bad base64 padding');
  return bufferToBytes(Buffer.from(bare, 'base64'));
}

const base32Alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** Lower-case RFC 4648 base32 without padding. */
export function base32(bytes: Uint8Array): string {
  let out = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += base32Alphabet[(value >>> bits) & 31];
    }
  }
  if (bits > 0) out += base32Alphabet[(value << (5 - bits)) & 31];
  return out;
}

/** Either case, no padding. Bits left over must be zero. */
export function fromBase32(text: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let value = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = base32Alphabet.indexOf((text[i] as string).toLowerCase());
    if (digit < 0) throw new TorError('BAD_ENCODING', 'not base32', { facts: { position: i } });
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (value >>> bits) & 0xff;
    }
  }
  if (bits >= 5 || (value & ((1 << bits) - 1)) !== 0) throw new TorError('BAD_ENCODING', 'stray base32 bits');
  return out;
}
