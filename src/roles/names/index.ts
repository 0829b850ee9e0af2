export { AddressBook, type EdgeList, type MergeConflict, type NameWarning, type Petname } from './address-book.ts';
export { BookFile } from './book-file.ts';
export { formatBook, parseBook } from './book-text.ts';
export { addressPicture, addressWords } from './fingerprint.ts';
export { addressesLookAlike, isOneSlip, skeleton } from './look-alike.ts';
export { hostLabel, nameOfLabel, normalizeName, petnameSuffix, shown } from './name.ts';
export { type NameAnswer, resolvePetname } from './resolve.ts';
export {
  type AddressCodec,
  type Card,
  formatCard,
  formatSignedList,
  parseCard,
  parseSignedList,
} from './signed.ts';
