import { main } from '../../src/app/cli/index.ts';

export interface ProgramRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line's `main`, in this process. */
export async function runMain(args: readonly string[], input = ''): Promise<ProgramRun> {
  let stdout = '';
  let stderr = '';
  const code = await main(args, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    readStdin: () => input,
  });
  return { code, stdout, stderr };
}

/** Log lines without their times. */
export function logLines(output: string): string[] {
  return output.split('\n').flatMap((line) => /^\w{3} \d\d [\d:.]+ (\[.*)$/.exec(line)?.[1] ?? []);
}
