import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TorError } from '../../../base/errors/index.ts';
import type { DataStore } from '../../../network/storage/index.ts';

/** A folder of keys that lies outside the data directory: FamilyKeyDirectory. Throws STORAGE_FAILED. */
export function keyFolder(path: string): Pick<DataStore, 'list' | 'read'> {
  const attempt = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw new TorError('STORAGE_FAILED', `${path} cannot be read`, { cause });
    }
  };
  return {
    list: async () => (await attempt(readdir(path))).sort(),
    read: async (name, options) => {
      const content = new Uint8Array(await attempt(readFile(join(path, name.split('/').at(-1) ?? name))));
      if (content.length > (options?.maxBytes ?? Number.POSITIVE_INFINITY)) {
        throw new TorError('STORAGE_FAILED', `${name} is too long`);
      }
      return content;
    },
  };
}
