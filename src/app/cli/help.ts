import { subcommandHelp } from './subcommands.ts';

const commands: readonly (readonly [string, string])[] = [
  ['-f, --torrc-file FILE', 'read this torrc; - is standard input'],
  ['--defaults-torrc FILE', 'read defaults from here'],
  ['--ignore-missing-torrc', 'a torrc that is not there counts as empty'],
  ['--allow-missing-torrc', 'the same, with a warning'],
  ['--Option VALUE', 'set an option; +Option adds to a list, /Option clears it'],
  ['--verify-config', 'check the configuration and end'],
  ['--dump-config short|full', 'print the configuration and end'],
  ['--hash-password WORD', 'print a value for HashedControlPassword'],
  ['--list-fingerprint [rsa|ed25519]', "print a relay's fingerprint"],
  ['--keygen', "make or renew a relay's signing key"],
  ['--keygen-family NAME', 'make a key for a family of relays'],
  ['--key-expiration [sign]', 'tell when the signing key runs out'],
  ['--list-torrc-options', 'print the name of every option'],
  ['--list-modules', 'print what is built in'],
  ['--quiet, --hush', 'log nothing, or only warnings, to the terminal'],
  ['--version', 'print the version'],
];

const column = 34;
const beside = (left: string): string =>
  left.length < column ? left.padEnd(column) : `${left}\n${' '.repeat(column + 2)}`;

const table = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([left, right]) => `  ${beside(left)}${right}\n`).join('');

export function helpText(): string {
  return (
    'tropea -f TORRC [options]      runs what the torrc describes, as tor does\n' +
    'tropea COMMAND [arguments]     one of the commands below\n\n' +
    `Options:\n${table(commands)}\nCommands:\n${table(subcommandHelp)}\n` +
    'Every option of the manual page of tor 0.4.9 is known.\n'
  );
}
