import type { ExitCode, ProgramIo } from './program.ts';

export interface Subcommand {
  readonly run: (args: readonly string[], io: ProgramIo) => Promise<ExitCode>;
}

interface Entry {
  readonly usage: string;
  readonly help: string;
  readonly load: () => Promise<Subcommand>;
}

/** Commands for people, each in a module of its own that is read only when it is asked for. */
const subcommands: Readonly<Record<string, Entry>> = {
  onion: {
    usage: 'onion publish|check|address|auth ...',
    help: 'publish a port, look at a service, addresses and client keys',
    load: () => import('./onion/onion.ts'),
  },
  name: {
    usage: 'name list|add|rename|remove|show|card|share|import ...',
    help: 'your own names for onion addresses',
    load: () => import('./name/name.ts'),
  },
  lab: {
    usage: 'lab up|status|exec|logs|kill|restart|down ...',
    help: 'private Tor networks on this machine',
    load: () => import('./lab/lab.ts'),
  },
  gencert: {
    usage: 'gencert [-i FILE] [-s FILE] [-c FILE] ...',
    help: 'keys and certificate of a directory authority, as tor-gencert makes them',
    load: () => import('./gencert.ts'),
  },
};

export const subcommandHelp: readonly (readonly [string, string])[] = Object.values(subcommands).map(
  ({ usage, help }) => [usage, help] as const,
);

/** A first word without a dash; `+Option` and `/Option` are options of the torrc. */
export const isSubcommandWord = (word: string): boolean => /^[a-z][a-z-]*$/.test(word);

export function findSubcommand(word: string): (() => Promise<Subcommand>) | undefined {
  return Object.hasOwn(subcommands, word) ? subcommands[word]?.load : undefined;
}

export function unknownSubcommand(word: string, io: ProgramIo): ExitCode {
  const names = Object.keys(subcommands).join(', ');
  io.stderr(`There is no command '${word}'. Commands are: ${names}. Options begin with --; see tropea --help.\n`);
  return 1;
}
