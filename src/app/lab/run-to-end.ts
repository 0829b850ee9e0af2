import { spawn } from 'node:child_process';
import { TorError } from '../../base/errors/index.ts';

/** Runs a program to its end and gives what it printed. Throws LAB_FAILED with its words when it ends badly. */
export function runToEnd(
  command: readonly string[],
  options: { readonly cwd: string; readonly input?: string },
): Promise<string> {
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.stdin.on('error', () => {});
    child.on('error', (cause) =>
      reject(new TorError('LAB_FAILED', `${file} did not start: ${cause.message}`, { cause })),
    );
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new TorError('LAB_FAILED', `${command.join(' ')} ended with code ${code}\n${output}${errors}`));
    });
    child.stdin.end(options.input ?? '');
  });
}
