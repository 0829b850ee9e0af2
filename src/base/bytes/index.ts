export { bytesEqual, compareBytes, concatBytes, isAllZero } from './block.ts';
export { ByteQueue } from './queue.ts';
export { Reader } from './reader.ts';
export {
  base16,
  base16Upper,
  base32,
  base64,
  base64Unpadded,
  fromBase16,
  fromBase32,
  fromBase64,
  fromLatin1,
  fromUtf8,
  latin1,
  utf8,
} from './text.ts';
export { Writer } from './writer.ts';
