import { closeSync, openSync, readSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderUnicodeCompact } from 'uqr';
import { TorError } from '../../../base/errors/index.ts';
import { type Ed25519SecretKey, expandedKeyFrom } from '../../../crypto/primitives/index.ts';
import { parseTaggedFile } from '../../../network/storage/index.ts';
import {
  type AddressBook,
  addressPicture,
  addressWords,
  BookFile,
  type Card,
  formatCard,
  formatSignedList,
  hostLabel,
  type NameWarning,
  normalizeName,
  parseBook,
  parseCard,
  parseSignedList,
  petnameSuffix,
} from '../../../roles/names/index.ts';
import { onionLabel, parseOnionAddress } from '../../../roles/onion/index.ts';
import type { ExitCode, ProgramIo } from '../program.ts';

const usage = `tropea name list
tropea name add NAME ADDRESS [--yes]
    gives your own name to an onion address; --yes after you have seen the warnings
tropea name rename NAME NEWNAME [--yes]
tropea name remove NAME
tropea name show NAME|ADDRESS
    the whole address, four words and a picture to compare with its owner
tropea name card NICKNAME --key FOLDER
    a card of your service, signed with its key, and a QR code
tropea name share --key FOLDER
    your list of names, signed with your service's key
tropea name import FILE [--as NAME] [--yes]
    a card (say with --as how you call it), a signed list (its names become those of the name you have for its signer),
    or another address book (--yes after you have seen its names)
All take --book FILE; the default is petnames in tor's data directory.
A name works as a host name in every program behind tropea: http://NAME${petnameSuffix}/
`;

interface Arguments {
  readonly words: readonly string[];
  readonly file: BookFile;
  readonly key: string | undefined;
  readonly as: string | undefined;
  readonly yes: boolean;
  readonly io: ProgramIo;
}

type Action = (given: Arguments) => Promise<ExitCode>;

const codec = { label: onionLabel, identityKey: parseOnionAddress };

/** `tropea name`. */
export async function run(args: readonly string[], io: ProgramIo): Promise<ExitCode> {
  const [action, ...rest] = args;
  const act = action === undefined || !Object.hasOwn(actions, action) ? undefined : actions[action];
  if (act === undefined) {
    const asked = action === '--help' || action === '-h' || action === 'help';
    (asked ? io.stdout : io.stderr)(usage);
    return asked ? 0 : 1;
  }
  return act(readArguments(rest, io));
}

const text = { type: 'string' } as const;

function readArguments(args: readonly string[], io: ProgramIo): Arguments {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { book: text, key: text, as: text, yes: { type: 'boolean' } },
    });
    const file = new BookFile(values.book ?? join(homedir(), '.tor', 'petnames'));
    return { words: positionals, file, key: values.key, as: values.as, yes: values.yes === true, io };
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}

const usageError = (why: string): TorError => new TorError('COMMAND_USAGE', `${why}\n${usage}`);

function one(words: readonly string[]): string {
  const [word, ...more] = words;
  if (word === undefined || more.length > 0) throw usageError('one argument is needed');
  return word;
}

function two(words: readonly string[]): readonly [string, string] {
  const [first, second, ...more] = words;
  if (first === undefined || second === undefined || more.length > 0) throw usageError('two arguments are needed');
  return [first, second];
}

const actions: Readonly<Record<string, Action>> = {
  list: async ({ file, io }) => {
    const book = await file.read();
    for (const { name, address, nickname } of book.petnames) {
      const own = nickname === undefined ? '' : `  calls itself ${JSON.stringify(nickname)}`;
      io.stdout(`${name}  ${address}.onion${own}\n`);
      for (const [edge, named] of book.edgesOf(address)?.names ?? []) {
        io.stdout(`  ${name}'s ${edge}  ${named}.onion\n`);
      }
    }
    return 0;
  },
  add: async ({ words, file, yes, io }) => {
    const [name, address] = two(words);
    return add(file, { name, address: onionLabel(parseOnionAddress(address)), yes }, io);
  },
  rename: async ({ words, file, yes, io }) => {
    const [from, to] = two(words);
    const before = await file.read();
    const address = before.petname(normalizeName(from))?.address;
    const warnings = address === undefined ? [] : before.remove(from).warnings(to, address);
    if (!accepted(warnings, yes, io)) return 1;
    await file.update((book) => book.rename(from, to));
    return 0;
  },
  remove: async ({ words, file }) => {
    await file.update((book) => book.remove(one(words)));
    return 0;
  },
  show: async ({ words, file, io }) => {
    const word = one(words);
    const book = await file.read();
    const named = word.endsWith('.onion') ? undefined : book.petname(normalizeName(word));
    io.stdout(portrait(named?.address ?? onionLabel(parseOnionAddress(word)), book));
    return 0;
  },
  card: async ({ words, key, io }) => {
    const own = serviceKey(key);
    const card = formatCard({ address: own.address, nickname: one(words), signedMs: Date.now() }, own.key);
    io.stdout(card);
    if (process.stdout.isTTY === true) io.stdout(`${renderUnicodeCompact(card)}\n`);
    return 0;
  },
  share: async ({ words, key, file, io }) => {
    if (words.length > 0) throw usageError('share takes no argument');
    const own = serviceKey(key);
    const names = new Map((await file.read()).petnames.map(({ name, address }) => [name, address]));
    io.stdout(formatSignedList({ from: own.address, signedMs: Date.now(), names }, own.key));
    return 0;
  },
  import: async (given) => {
    const content = readText(one(given.words));
    if (content.startsWith('tropea-card ')) return importCard(given, parseCard(content, codec));
    if (content.startsWith('tropea-names ')) return importList(given, content);
    return importBook(given, content);
  },
};

async function importCard({ file, as, yes, io }: Arguments, card: Card): Promise<ExitCode> {
  io.stdout(`The service calls itself ${JSON.stringify(card.nickname)}; anybody may call themselves that.\n`);
  if (as === undefined) {
    io.stdout(portrait(card.address, await file.read()));
    io.stderr('Say with --as NAME how you will call it.\n');
    return 1;
  }
  return add(file, { name: as, address: card.address, nickname: card.nickname, yes }, io);
}

async function importList({ file, io }: Arguments, content: string): Promise<ExitCode> {
  const list = parseSignedList(content, codec);
  const [whose] = (await file.read()).namesOf(list.from);
  if (whose === undefined) {
    io.stderr(`The list is by ${list.from}.onion, for which you have no name. Add one first, then import again.\n`);
    return 1;
  }
  await file.update((book) => book.setEdges(list));
  for (const [name, address] of list.names) {
    io.stdout(`${hostLabel(name)}.${hostLabel(whose)}${petnameSuffix}  ${address}.onion\n`);
  }
  return 0;
}

/** A book is not signed by anybody: what it says becomes the user's own word, so every name of it is shown first. */
async function importBook({ file, yes, io }: Arguments, content: string): Promise<ExitCode> {
  const theirs = parseBook(content);
  const ours = await file.read();
  const { conflicts } = ours.merge(theirs);
  for (const { name, ours: mine, theirs: other } of conflicts) {
    io.stderr(`"${name}" stays ${mine}.onion; the other book says ${other}.onion\n`);
  }
  const added = theirs.petnames.filter(({ name }) => ours.petname(name) === undefined);
  for (const { name, address } of added) {
    io.stdout(`${name}  ${address}.onion  ${addressWords(address)}\n`);
    for (const { message } of ours.warnings(name, address)) io.stderr(`Careful: ${message}\n`);
  }
  if (!yes) {
    io.stderr('Nothing was taken yet. If this book is your own, or you compared every address, add --yes.\n');
    return 1;
  }
  await file.update((book) => book.merge(theirs).book);
  return conflicts.length === 0 ? 0 : 1;
}

async function add(
  file: BookFile,
  wish: { readonly name: string; readonly address: string; readonly nickname?: string; readonly yes: boolean },
  io: ProgramIo,
): Promise<ExitCode> {
  const { address, nickname } = wish;
  const name = normalizeName(wish.name);
  const before = await file.read();
  io.stdout(portrait(address, before));
  if (!accepted(before.warnings(name, address), wish.yes, io)) return 1;
  const addedMs = Date.now();
  await file.update((book) => book.add({ name, address, addedMs, ...(nickname === undefined ? {} : { nickname }) }));
  io.stdout(`http://${hostLabel(name)}${petnameSuffix}/\n`);
  return 0;
}

/** Shows what is to be shown; true when nothing of it is grave, or the user said yes. */
function accepted(warnings: readonly NameWarning[], yes: boolean, io: ProgramIo): boolean {
  for (const { message } of warnings) io.stderr(`Careful: ${message}\n`);
  if (yes || warnings.every(({ kind }) => kind === 'second-name')) return true;
  io.stderr('Nothing was changed. Compare with the owner; then add --yes.\n');
  return false;
}

/** What a person compares before trusting an address. */
function portrait(address: string, book: AddressBook): string {
  const names = book.namesOf(address);
  const known = names.length === 0 ? '' : `you call it ${names.join(', ')}\n`;
  return `${address}.onion\n${known}${addressWords(address)}\n${addressPicture(address)}\n`;
}

function serviceKey(folder: string | undefined): { readonly address: string; readonly key: Ed25519SecretKey } {
  if (folder === undefined) throw usageError("--key FOLDER must name the service's folder");
  const content = readBytes(join(folder, 'hs_ed25519_secret_key'));
  const key = expandedKeyFrom(parseTaggedFile(content, 'ed25519v1-secret', 'type0', 64));
  return { address: onionLabel(key.publicKey), key };
}

const maxFileBytes = 4 * 1024 * 1024;
const readText = (file: string): string => Buffer.from(readBytes(file)).toString('utf8');

function readBytes(file: string): Uint8Array {
  try {
    return readBounded(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TorError('STORAGE_FAILED', `Cannot read ${file}: ${why}`, { cause });
  }
}

/** What says that it has no length, such as a pipe or a device, may have no end either. */
function readBounded(file: string): Uint8Array {
  const chunks: Uint8Array[] = [];
  const fd = openSync(file, 'r');
  try {
    for (let length = 0; ; ) {
      const chunk = new Uint8Array(64 * 1024);
      const count = readSync(fd, chunk);
      if (count === 0) return Buffer.concat(chunks);
      length += count;
      if (length > maxFileBytes) throw new Error('it is too long');
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}
