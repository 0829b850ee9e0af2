import { deprecatedOptions, listableNames } from '../../wire/torrc/index.ts';
import type { CommandName } from './command-line.ts';
import { helpText } from './help.ts';
import type { ExitCode, ProgramIo } from './program.ts';
import { libraryVersionsText, versionText } from './version.ts';

const lines = (items: Iterable<string>): string => [...items].map((item) => `${item}\n`).join('');

const modules = ['relay', 'dirauth', 'dircache', 'pow'];

/** Commands that need no configuration. */
const texts: Partial<Record<CommandName, () => string>> = {
  help: helpText,
  version: versionText,
  'library-versions': libraryVersionsText,
  'list-torrc-options': () => lines(listableNames()),
  'list-deprecated-options': () => lines(deprecatedOptions.keys()),
  'list-modules': () => lines(modules.map((name) => `${name}: yes`)),
  // C tor's own start order, asked for by its tests only.
  'dump-subsystem-list': () => '',
};

export const isImmediate = (command: CommandName): boolean => command in texts;

export function runImmediate(command: CommandName, io: ProgramIo): ExitCode {
  io.stdout(texts[command]?.() ?? '');
  return 0;
}
