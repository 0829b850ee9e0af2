import { TorError } from '../../base/errors/index.ts';
import {
  type AddressBook,
  type BookFile,
  hostLabel,
  type NameWarning,
  normalizeName,
  type Petname,
  petnameSuffix,
} from '../../roles/names/index.ts';
import { onionLabel, parseOnionAddress } from '../../roles/onion/index.ts';

export interface AddNameOptions {
  /** Takes the name although it, or its address, looks like another; show the warnings to a person first. */
  readonly despiteWarnings?: boolean;
  /** What the service calls itself. */
  readonly nickname?: string;
}

/** The address book of a program's user. Every change is on disk when the promise resolves. */
export class Names {
  readonly #file: BookFile;

  constructor(file: BookFile) {
    this.#file = file;
  }

  async list(): Promise<readonly Petname[]> {
    return (await this.#file.read()).petnames;
  }

  /** What a person should see before this name is added: look-alike names and addresses. */
  async warnings(name: string, address: string): Promise<readonly NameWarning[]> {
    return (await this.#file.read()).warnings(name, onionLabel(parseOnionAddress(address)));
  }

  /**
   * Gives a name to an address. Rejects with NAME_INVALID, NAME_TAKEN, ONION_ADDRESS_INVALID, or NAME_LOOKS_ALIKE when
   * there are warnings.
   */
  async add(name: string, address: string, options: AddNameOptions = {}): Promise<Petname> {
    const label = onionLabel(parseOnionAddress(address));
    const petname: Petname = {
      name: normalizeName(name),
      address: label,
      addedMs: Date.now(),
      ...(options.nickname === undefined ? {} : { nickname: options.nickname }),
    };
    await this.#file.update((book) => {
      refuseLookAlike(book, name, label, options);
      return book.add(petname);
    });
    return petname;
  }

  /** Rejects with NAME_UNKNOWN and what `add` rejects with. */
  async rename(from: string, to: string, options: Pick<AddNameOptions, 'despiteWarnings'> = {}): Promise<void> {
    await this.#file.update((book) => {
      const address = book.petname(normalizeName(from))?.address;
      if (address !== undefined) refuseLookAlike(book.remove(from), to, address, options);
      return book.rename(from, to);
    });
  }

  async remove(name: string): Promise<void> {
    await this.#file.update((book) => book.remove(name));
  }

  /** The host name that stands for a petname. */
  hostname(name: string): string {
    return `${hostLabel(normalizeName(name))}${petnameSuffix}`;
  }
}

function refuseLookAlike(book: AddressBook, name: string, address: string, options: AddNameOptions): void {
  const grave = book.warnings(name, address).filter(({ kind }) => kind !== 'second-name');
  if (grave.length === 0 || options.despiteWarnings === true) return;
  throw new TorError('NAME_LOOKS_ALIKE', grave.map(({ message }) => message).join(' '));
}
