import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { TorError } from '../../../base/errors/index.ts';
import type { LabStatus } from '../../lab/index.ts';
import type { ExitCode } from '../program.ts';

/** The variables that curl, git, wget's relatives, torsocks and most libraries look at. */
function proxySettings(status: LabStatus, socksPort: number): Record<string, string> {
  const proxy = `socks5h://127.0.0.1:${socksPort}`;
  const torsocks = join(status.folder, 'torsocks.conf');
  writeFileSync(torsocks, `TorAddress 127.0.0.1\nTorPort ${socksPort}\n`);
  const names = ['ALL_PROXY', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy', 'http_proxy', 'https_proxy'];
  return {
    ...Object.fromEntries(names.map((name) => [name, proxy])),
    NO_PROXY: '',
    no_proxy: '',
    TORSOCKS_CONF_FILE: torsocks,
    TROPEA_LAB: status.folder,
    TROPEA_LAB_SOCKS_PORT: String(socksPort),
    TROPEA_LAB_WEB: `http://web.test:${status.httpPort}`,
  };
}

/** Runs a program inside the network, on our terminal. */
export async function execInLab(status: LabStatus, command: readonly string[]): Promise<ExitCode> {
  const client = status.nodes.find((node) => node.socksPort > 0 && node.running);
  if (client === undefined) throw new TorError('LAB_NOT_RUNNING', 'This lab has no running client.');
  const [file, ...args] = command;
  if (file === undefined) throw new TorError('COMMAND_USAGE', 'tropea lab exec -- PROGRAM [ARGUMENT...]');
  const child = spawn(file, args, {
    stdio: 'inherit',
    env: { ...process.env, ...proxySettings(status, client.socksPort) },
  });
  // Ctrl-C is for the program, which may go on.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  return new Promise<ExitCode>((resolve, reject) => {
    child.on('error', (cause) => reject(new TorError('COMMAND_USAGE', `${file}: ${cause.message}`, { cause })));
    // As a shell tells of a signal.
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  }).finally(() => process.off('SIGINT', ignore));
}
