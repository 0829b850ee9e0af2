import { deflate } from 'node:zlib';
import { fromLatin1 } from '../../base/bytes/index.ts';
import { LruMap } from '../../base/util/index.ts';
import type { Encoding } from './negotiate.ts';

interface Entry {
  bytes: Uint8Array | undefined;
}

const maxEntries = 64;

/**
 * Documents that many ask for, compressed once: consensuses and their diffs. The work is done off the main thread; until
 * it is done they are compressed on the way. Keyed by the document's text.
 */
export class Compressed {
  readonly #entries = new LruMap<string, Entry>(maxEntries);

  /** Undefined while it is not there yet: then it is made for the next one who asks. */
  get(text: string, encoding: Encoding): Uint8Array | undefined {
    return encoding === 'deflate' ? this.prepare(text).bytes : undefined;
  }

  prepare(text: string): Entry {
    const known = this.#entries.get(text);
    if (known !== undefined) return known;
    const entry: Entry = { bytes: undefined };
    this.#entries.set(text, entry);
    deflate(fromLatin1(text), { level: 9 }, (error, bytes) => {
      if (error === null) entry.bytes = bytes;
    });
    return entry;
  }
}
