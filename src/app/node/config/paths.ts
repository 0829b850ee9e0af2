import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TorOptions } from '../../../wire/torrc/index.ts';

/** A path with `~` written out and made absolute. */
export function absolutePath(path: string): string {
  return resolve(path.replace(/^~(?=\/|$)/, homedir()));
}

export interface DirectoryPaths {
  readonly data: string;
  readonly cache: string;
  readonly keys: string;
}

/** Where C tor puts its state when the torrc does not say. */
const systemDataDirectory = '/var/lib/tor';

/** DataDirectory, CacheDirectory, KeyDirectory with their defaults, absolute. C tor: validate_data_directories */
export function directoryPaths(options: TorOptions): DirectoryPaths {
  const data = absolutePath(options.get('DataDirectory') ?? defaultDataDirectory());
  return {
    data,
    cache: absolutePath(options.get('CacheDirectory') ?? data),
    keys: absolutePath(options.get('KeyDirectory') ?? join(data, 'keys')),
  };
}

function defaultDataDirectory(): string {
  return homedir() === '/' ? systemDataDirectory : '~/.tor';
}
