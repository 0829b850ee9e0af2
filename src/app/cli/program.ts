import { readFileSync } from 'node:fs';

/** What a command may do to the outside. */
export interface ProgramIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** All of standard input. */
  readonly readStdin: () => string;
}

/** C tor's exit codes: 0 and 1; that of the program where one is run inside a private network. */
export type ExitCode = number;

export const processIo: ProgramIo = {
  stdout: (text) => {
    process.stdout.write(text);
  },
  stderr: (text) => {
    process.stderr.write(text);
  },
  readStdin: () => readFileSync(0, 'utf8'),
};
