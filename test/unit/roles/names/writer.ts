import { BookFile } from '../../../../src/roles/names/index.ts';
import { petname } from './support.ts';

/** What each of several processes does at the same time. */
export async function write(path: string, from: number): Promise<void> {
  const file = new BookFile(path);
  for (let i = from; i < from + 5; i++) await file.update((book) => book.add(petname(`friend${i}`, i)));
}
