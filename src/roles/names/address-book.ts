import { TorError } from '../../base/errors/index.ts';
import { addressesLookAlike, isOneSlip, skeleton } from './look-alike.ts';
import { normalizeName } from './name.ts';

/** A name that the user gave: the only kind that is trusted. */
export interface Petname {
  readonly name: string;
  /** 56 letters, without ".onion". */
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly addedMs: number;
  /** What the service calls itself; shown, never resolved. */
  readonly nickname?: string;
}

/** The names that somebody we have a petname for gives to others: "alice's bob". */
export interface EdgeList {
  /** Whose list it is: the address that signed it. */
  readonly from: string;
  readonly signedMs: number;
  readonly names: ReadonlyMap<string, string>;
}

/** Something the user must see before trusting a name. */
export interface NameWarning {
  readonly kind: 'similar-name' | 'similar-address' | 'second-name';
  readonly message: string;
}

export interface MergeConflict {
  readonly name: string;
  readonly ours: string;
  readonly theirs: string;
}

export const maxNames = 10_000;

/** Petnames and the lists of others. Immutable: each change makes a new book. */
export class AddressBook {
  static get empty(): AddressBook {
    return emptyBook;
  }
  readonly #petnames: ReadonlyMap<string, Petname>;
  readonly #edges: ReadonlyMap<string, EdgeList>;

  constructor(petnames: ReadonlyMap<string, Petname>, edges: ReadonlyMap<string, EdgeList>) {
    this.#petnames = petnames;
    this.#edges = edges;
  }

  /** By name. */
  get petnames(): readonly Petname[] {
    return [...this.#petnames.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get edgeLists(): readonly EdgeList[] {
    return [...this.#edges.values()].sort((a, b) => (a.from < b.from ? -1 : 1));
  }

  petname(name: string): Petname | undefined {
    return this.#petnames.get(name);
  }

  namesOf(address: string): readonly string[] {
    return this.petnames.filter((petname) => petname.address === address).map(({ name }) => name);
  }

  edgesOf(address: string): EdgeList | undefined {
    return this.#edges.get(address);
  }

  /** What is like this name or address but is not it. To be shown before `add`. */
  warnings(rawName: string, address: string): NameWarning[] {
    const name = normalizeName(rawName);
    const found: NameWarning[] = [];
    const shape = skeleton(name);
    for (const other of this.petnames) {
      if (other.name === name) continue;
      if (skeleton(other.name) === shape || isOneSlip(other.name, name)) {
        const message = `"${name}" is easily taken for "${other.name}", which you have already.`;
        found.push({ kind: 'similar-name', message });
      }
      if (other.address === address) {
        found.push({ kind: 'second-name', message: `You call this address "${other.name}" already.` });
      } else if (addressesLookAlike(other.address, address)) {
        const message = `The address looks like that of "${other.name}" but is another. Compare the whole of it.`;
        found.push({ kind: 'similar-address', message });
      }
    }
    return found;
  }

  /** Throws NAME_INVALID, NAME_TAKEN. */
  add(petname: Petname): AddressBook {
    const name = normalizeName(petname.name);
    const taken = this.#petnames.get(name);
    if (taken !== undefined && taken.address !== petname.address) {
      throw new TorError('NAME_TAKEN', `"${name}" is ${taken.address}.onion already.`);
    }
    if (taken === undefined && this.#petnames.size >= maxNames) throw new TorError('NAME_BOOK_FULL');
    return this.#with(new Map(this.#petnames).set(name, { ...petname, name }));
  }

  /** Throws NAME_UNKNOWN, NAME_INVALID, NAME_TAKEN. */
  rename(from: string, to: string): AddressBook {
    const petname = this.#known(from);
    return this.remove(from).add({ ...petname, name: to });
  }

  /** Throws NAME_UNKNOWN. */
  remove(rawName: string): AddressBook {
    const { name } = this.#known(rawName);
    const left = new Map(this.#petnames);
    left.delete(name);
    return this.#with(left);
  }

  /** Takes a signed list in place of an older one of the same service. Throws NAME_LIST_OLD. */
  setEdges(list: EdgeList): AddressBook {
    const known = this.#edges.get(list.from);
    if (known !== undefined && known.signedMs > list.signedMs) throw new TorError('NAME_LIST_OLD');
    return new AddressBook(this.#petnames, new Map(this.#edges).set(list.from, list));
  }

  /** Everything of both; where a name stands for two addresses ours stays and the other is told. */
  merge(other: AddressBook): { readonly book: AddressBook; readonly conflicts: readonly MergeConflict[] } {
    const conflicts: MergeConflict[] = [];
    let book: AddressBook = this;
    for (const petname of other.petnames) {
      const ours = book.petname(petname.name);
      if (ours === undefined) book = book.add(petname);
      else if (ours.address !== petname.address) {
        conflicts.push({ name: petname.name, ours: ours.address, theirs: petname.address });
      }
    }
    for (const list of other.edgeLists) {
      const ours = book.edgesOf(list.from);
      if (ours === undefined || ours.signedMs < list.signedMs) book = book.setEdges(list);
    }
    return { book, conflicts };
  }

  #known(rawName: string): Petname {
    const name = normalizeName(rawName);
    const petname = this.#petnames.get(name);
    if (petname === undefined) throw new TorError('NAME_UNKNOWN', `There is no name "${name}" in the address book.`);
    return petname;
  }

  #with(petnames: ReadonlyMap<string, Petname>): AddressBook {
    return new AddressBook(petnames, this.#edges);
  }
}

// Not a static field: the compiler's output for one that makes its own class fails at run time.
const emptyBook = new AddressBook(new Map(), new Map());
