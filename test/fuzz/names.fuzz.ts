import { base64, fromUtf8 } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import { ed25519KeyPair, ed25519Sign } from '../../src/crypto/primitives/index.ts';
import {
  AddressBook,
  formatBook,
  parseBook,
  parseCard,
  parseSignedList,
  resolvePetname,
} from '../../src/roles/names/index.ts';
import { onionLabel, parseOnionAddress } from '../../src/roles/onion/index.ts';

export const name = 'names';

const codec = { label: onionLabel, identityKey: parseOnionAddress };
const key = ed25519KeyPair(new Uint8Array(32).fill(7));
const address = onionLabel(key.publicKey);
const time = '2026-11-21T12:00:00.000Z';
const book = AddressBook.empty.add({ name: 'bob', address, addedMs: 0 });

function tolerant(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug') throw error;
  }
}

/** The text as a book, as a card and a list that an attacker signed, and as a host name. */
export function fuzz(data: Uint8Array): void {
  const text = Buffer.from(data).toString('utf8');
  tolerant(() => {
    const written = formatBook(parseBook(text));
    if (formatBook(parseBook(written)) !== written) throw new Error('a book is not read as it was written');
  });
  const signed = `${text}\n`;
  const document = `${signed}signature ${base64(ed25519Sign(fromUtf8(signed), key))}\n`;
  tolerant(() => {
    if (/\p{C}/u.test(parseCard(document, codec).nickname)) throw new Error('a nickname that acts on terminals');
  });
  tolerant(() => parseSignedList(document, codec));
  const host = text.split('\n', 1)[0] ?? '';
  const answer = resolvePetname(book, `${host}.petname.onion`);
  if (answer?.kind === 'address' && host.normalize('NFKC').toLowerCase() !== 'bob')
    throw new Error('a name nobody gave');
}

export const seeds = (): Uint8Array[] =>
  [
    `# Tropea address book 1\nname bob ${address}.onion ${time} "Bob"\nlist ${address}.onion ${time}\n edge x ${address}.onion\n`,
    `tropea-card 1\naddress ${address}.onion\nnickname "Bob"\ntime ${time}`,
    `tropea-names 1\naddress ${address}.onion\ntime ${time}\nname carol ${address}.onion`,
    'bob',
    'xn--zo-jka',
    'bob.alice',
  ].map((text) => new Uint8Array(Buffer.from(text)));
