import { TorError } from '../../base/errors/index.ts';
import { AddressBook, type EdgeList, maxNames, type Petname } from './address-book.ts';
import { normalizeName, shown } from './name.ts';
import { checkNickname } from './nickname.ts';

const heading = '# Tropea address book 1';
const explanation = [
  '# name  NAME ADDRESS.onion ADDED [NICKNAME IN QUOTES]   a name that you gave',
  '# list  ADDRESS.onion SIGNED                            names that this service gives to others:',
  '# edge  NAME ADDRESS.onion',
];
export const maxBookBytes = 4 * 1024 * 1024;

/** The book as people read it; the same book is always the same text. */
export function formatBook(book: AddressBook): string {
  const lines = [heading, ...explanation];
  for (const { name, address, addedMs, nickname } of book.petnames) {
    const quoted = nickname === undefined ? '' : ` ${JSON.stringify(nickname)}`;
    lines.push(`name ${name} ${address}.onion ${new Date(addedMs).toISOString()}${quoted}`);
  }
  for (const { from, signedMs, names } of book.edgeLists) {
    lines.push(`list ${from}.onion ${new Date(signedMs).toISOString()}`);
    for (const [name, address] of [...names].sort()) lines.push(`  edge ${name} ${address}.onion`);
  }
  return `${lines.join('\n')}\n`;
}

/** Throws NAME_BOOK_INVALID with the line that cannot be read. */
export function parseBook(text: string): AddressBook {
  if (text.length > maxBookBytes) throw new TorError('NAME_BOOK_INVALID', 'the address book is too long');
  const lines = text.split('\n').map((line) => line.trim());
  if (lines[0] !== heading) throw new TorError('NAME_BOOK_INVALID', `the first line must be "${heading}"`);
  const petnames = new Map<string, Petname>();
  const lists = new Map<string, EdgeList & { readonly names: Map<string, string> }>();
  let current: Map<string, string> | undefined;
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    try {
      if (line.startsWith('name ')) addPetname(petnames, line);
      else if (line.startsWith('list ')) current = addList(lists, line);
      else addEdge(current, line);
      if (petnames.size > maxNames) throw new Error('too many names');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new TorError('NAME_BOOK_INVALID', `line ${index + 1}: ${why}`, {
        facts: { line: index + 1 },
        cause: error,
      });
    }
  }
  return new AddressBook(petnames, lists);
}

function addPetname(petnames: Map<string, Petname>, line: string): void {
  const match = /^name (\S+) ([a-z2-7]{56})\.onion (\S+)(?: (".*"))?$/.exec(line);
  if (match === null) throw new Error('not a name line');
  const [, rawName = '', address = '', added = '', quoted] = match;
  const name = normalizeName(rawName);
  if (petnames.has(name)) throw new Error(`"${name}" stands there twice`);
  const nickname = quoted === undefined ? {} : { nickname: checkNickname(JSON.parse(quoted)) };
  petnames.set(name, { name, address, addedMs: timeOf(added), ...nickname });
}

function addList(lists: Map<string, EdgeList & { readonly names: Map<string, string> }>, line: string) {
  const match = /^list ([a-z2-7]{56})\.onion (\S+)$/.exec(line);
  if (match === null) throw new Error('not a list line');
  const [, from = '', signed = ''] = match;
  if (lists.has(from)) throw new Error('there are two lists of this service');
  const names = new Map<string, string>();
  lists.set(from, { from, signedMs: timeOf(signed), names });
  return names;
}

function addEdge(names: Map<string, string> | undefined, line: string): void {
  const match = /^edge (\S+) ([a-z2-7]{56})\.onion$/.exec(line);
  if (match === null || names === undefined) throw new Error('this line cannot be read');
  const [, rawName = '', address = ''] = match;
  if (names.size >= maxNames) throw new Error('too many names');
  const name = normalizeName(rawName);
  if (names.has(name)) throw new Error(`"${name}" stands there twice`);
  names.set(name, address);
}

function timeOf(text: string): number {
  const timeMs = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw new Error(`${shown(text)} is not a time`);
  return timeMs;
}
