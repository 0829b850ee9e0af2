import { BookFile } from '../../../../src/roles/names/index.ts';
import { petname } from './support.ts';

/** What each of several processes does at the same time. */
export async function write(path: string, from: number): Promise<void> {
  const file = new BookFile(path);
  for (let i = from; i < from + 5; i++) await file.update((book) => book.add(petname(`friend${i}`, i)));
}

/** Writes until it is killed, and tells each name that is on disk. */
export async function writeOn(path: string, from: number): Promise<void> {
  const file = new BookFile(path);
  for (let i = from; ; i++) {
    await file.update((book) => book.add(petname(`friend${i}`, i % 250)));
    process.stdout.write(`friend${i}\n`);
  }
}
