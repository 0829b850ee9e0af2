import { readdirSync, readFileSync } from 'node:fs';
import { latin1 } from '../../src/base/bytes/index.ts';

const folder = new URL('../documents/', import.meta.url);

/** A document of `test/documents`, one character a byte. */
export const documentText = (name: string): string => latin1(readFileSync(new URL(name, folder)));

/** Names of the files of a folder of `test/documents` that begin with `prefix`, with the folder; never empty. */
export function documentNames(inFolder: string, prefix: string): string[] {
  const names = readdirSync(new URL(`${inFolder}/`, folder)).filter((name) => name.startsWith(prefix));
  if (names.length === 0) throw new Error(`no documents ${prefix}* in ${inFolder}`);
  return names.sort().map((name) => `${inFolder}/${name}`);
}
