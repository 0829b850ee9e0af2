import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TorError } from '../../base/errors/index.ts';
import { checkTopology, type LabTopology } from './topology.ts';

export interface ReadyMade {
  readonly summary: string;
  readonly topology: LabTopology;
}

/** Networks that need no file. */
export const readyMadeNetworks: Readonly<Record<string, ReadyMade>> = {
  basic: {
    summary: '3 authorities, 4 relays, 2 exits, a client and a web page as an onion service',
    topology: { authorities: 3, relays: 4, exits: 2, clients: 1, onionServices: 1 },
  },
  onions: {
    summary: 'an onion service for everybody, one for Alice alone, and one with six introduction points',
    topology: {
      relays: 4,
      exits: 2,
      clients: 1,
      onionServices: [
        { name: 'open' },
        { name: 'closed', clients: ['alice'] },
        { name: 'busy', service: ['HiddenServiceNumIntroductionPoints 6'] },
      ],
    },
  },
  bridges: {
    summary: 'two bridges that no consensus lists, and a client that goes through them',
    topology: {
      relays: 4,
      exits: 2,
      bridges: [{ name: 'bridge0' }, { name: 'bridge1' }],
      clients: [{ name: 'client0', bridges: ['bridge0', 'bridge1'] }],
    },
  },
  ipv6: {
    summary: 'relays and exits that listen on [::1] too',
    topology: {
      relays: Array.from({ length: 4 }, () => ({ ipv6: true })),
      exits: [{ ipv6: true }, { ipv6: true }],
      clients: 1,
      onionServices: 1,
    },
  },
  mixed: {
    summary: 'authorities of C tor, relays of both kinds, a client and a service of each',
    topology: {
      implementation: 'tor',
      relays: [{}, { implementation: 'tropea' }, {}, { implementation: 'tropea' }],
      exits: [{}, { implementation: 'tropea' }],
      clients: [{}, { implementation: 'tropea' }],
      onionServices: [{}, { implementation: 'tropea' }],
    },
  },
};

/** The network of a ready-made name, or of a JSON, JavaScript or TypeScript file (its default export). */
export async function loadTopology(nameOrFile: string): Promise<LabTopology> {
  const ready = Object.hasOwn(readyMadeNetworks, nameOrFile) ? readyMadeNetworks[nameOrFile] : undefined;
  if (ready !== undefined) return ready.topology;
  const file = resolve(nameOrFile);
  try {
    if (/\.[cm]?[jt]s$/.test(file)) {
      return checkTopology(defaultOf(await importModule(file)));
    }
    return checkTopology(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    if (TorError.is(cause)) throw cause;
    throw new TorError('LAB_TOPOLOGY', explain(nameOrFile, cause), { cause });
  }
}

interface NetworkModule {
  readonly default?: unknown;
}

/** What we use of `tsx/esm/api`, which users may have and we do not bring. */
interface TypeScriptReader {
  tsImport(file: string, parent: string): Promise<unknown>;
}

/** Node.js before 22.18 reads no TypeScript; then tsx does, when the file's project or ours has it. */
async function importModule(file: string): Promise<NetworkModule> {
  const url = pathToFileURL(file).href;
  try {
    return (await import(url)) as NetworkModule;
  } catch (error) {
    const api = (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION' ? findTsx(file) : undefined;
    if (api === undefined) throw error;
    const { tsImport } = (await import(pathToFileURL(api).href)) as TypeScriptReader;
    return (await tsImport(url, import.meta.url)) as NetworkModule;
  }
}

/** A file in a folder whose package says nothing of modules may come as CommonJS, its exports one step further down. */
function defaultOf(module: NetworkModule): unknown {
  const value = module.default;
  return typeof value === 'object' && value !== null && 'default' in value ? value.default : value;
}

function findTsx(file: string): string | undefined {
  for (const from of [file, import.meta.url]) {
    try {
      // What `require` finds is the CommonJS build, which cannot do it.
      return createRequire(from).resolve('tsx/esm/api').replace(/cjs$/, 'mjs');
    } catch {
      // not there
    }
  }
  return undefined;
}

function explain(nameOrFile: string, cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return `There is no file ${nameOrFile}, and the ready-made networks are ${Object.keys(readyMadeNetworks).join(', ')}.`;
  }
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `This Node.js reads no TypeScript; use Node.js 22.18 or newer, install tsx, or write ${nameOrFile} as JSON or JavaScript.`;
  }
  return `${nameOrFile}: ${message}`;
}
