import type { AddressBook } from './address-book.ts';
import { isOneSlip, skeleton } from './look-alike.ts';
import { nameOfLabel, petnameSuffix } from './name.ts';

export type NameAnswer =
  | { readonly kind: 'address'; readonly address: string }
  /** `nearest`: a petname that the user may have meant; it is told, never taken. */
  | { readonly kind: 'unknown'; readonly name: string; readonly nearest: string | undefined };

/** Undefined: not a host name of this kind. Only petnames, and the lists of those who have one, resolve. */
export function resolvePetname(book: AddressBook, host: string): NameAnswer | undefined {
  if (!host.endsWith(petnameSuffix)) return undefined;
  const labels = host.slice(0, -petnameSuffix.length).split('.').map(nameOfLabel);
  const [last = '', ...before] = labels.reverse();
  const petname = book.petname(last);
  if (petname === undefined) return unknown(book, last);
  const [edge, ...deeper] = before;
  if (edge === undefined) return { kind: 'address', address: petname.address };
  if (deeper.length > 0) return unknown(book, labels.reverse().join('.'));
  const address = book.edgesOf(petname.address)?.names.get(edge);
  return address === undefined ? unknown(book, `${edge}.${last}`) : { kind: 'address', address };
}

function unknown(book: AddressBook, name: string): NameAnswer {
  const shape = skeleton(name);
  const nearest = book.petnames.find((each) => skeleton(each.name) === shape || isOneSlip(each.name, name))?.name;
  return { kind: 'unknown', name, nearest };
}
