import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { body } from '../../../src/app/lab/index.ts';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a real program to its end. Not ended after the time given: killed, with code `null`. */
export async function runCommand(
  command: readonly string[],
  options: {
    readonly timeoutMs?: number;
    readonly input?: Iterable<Uint8Array>;
    readonly env?: NodeJS.ProcessEnv;
  } = {},
): Promise<CommandResult> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: options.env ?? process.env });
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  child.stdin.on('error', () => {});
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  const closed = once(child, 'close') as Promise<[number | null]>;
  const feed = async (): Promise<void> => {
    for (const part of options.input ?? []) {
      if (!child.stdin.write(part)) await Promise.race([once(child.stdin, 'drain'), closed]);
    }
    child.stdin.end();
  };
  const [[code]] = await Promise.all([closed, feed()]);
  clearTimeout(timer);
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(errors).toString() };
}

export interface CurlOptions {
  readonly socksPort?: number;
  /** Speaks HTTP CONNECT instead of SOCKS. */
  readonly tunnelPort?: number;
  /** SOCKS user and password, which isolate streams from each other. */
  readonly user?: string;
  readonly timeoutMs?: number;
  readonly input?: Iterable<Uint8Array>;
  readonly args?: readonly string[];
}

/** `curl` with names resolved at the far end. */
export function curl(url: string, options: CurlOptions): Promise<CommandResult> {
  const proxy =
    options.tunnelPort === undefined
      ? ['--socks5-hostname', `127.0.0.1:${options.socksPort ?? 9050}`]
      : ['--proxytunnel', '--proxy', `http://127.0.0.1:${options.tunnelPort}`];
  const command = [
    'curl',
    ...['--silent', '--show-error', '--fail', '--noproxy', ''],
    ...proxy,
    ...(options.user === undefined ? [] : ['--proxy-user', options.user]),
    ...(options.input === undefined ? [] : ['--request', 'POST', '--data-binary', '@-', '-H', 'Expect:']),
    ...(options.args ?? []),
    url,
  ];
  const { input } = options;
  return runCommand(command, { timeoutMs: options.timeoutMs ?? 60_000, ...(input === undefined ? {} : { input }) });
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Fetches `length` bytes of the test web server and gives their SHA-256; throws with curl's words when it fails. */
export async function download(base: string, length: number, options: CurlOptions): Promise<string> {
  const { code, stdout, stderr } = await curl(`${base}/bytes/${length}`, options);
  if (code !== 0) throw new Error(`curl ended with ${code} after ${stdout.length} bytes: ${stderr}`);
  return sha256(stdout);
}

/** Sends the body of `GET /bytes/N` and gives the SHA-256 the server answered. */
export async function upload(base: string, length: number, options: CurlOptions): Promise<string> {
  const { code, stdout, stderr } = await curl(`${base}/sink`, { ...options, input: body(length) });
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`);
  return stdout.toString();
}

/** A program under `torsocks`, its connections through the SOCKS port given. */
export function torsocks(
  command: readonly string[],
  options: { readonly socksPort: number; readonly timeoutMs?: number; readonly isolate?: boolean },
): Promise<CommandResult> {
  const flags = ['--address', '127.0.0.1', '--port', String(options.socksPort)];
  return runCommand(['torsocks', ...flags, ...(options.isolate === true ? ['--isolate'] : []), ...command], {
    timeoutMs: options.timeoutMs ?? 60_000,
  });
}
