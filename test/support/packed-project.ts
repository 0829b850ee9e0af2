import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface PackedProject {
  readonly folder: string;
  /** What the package contains. */
  readonly files: readonly string[];
  /** Runs a program in the project's folder; throws with what it said when it fails. */
  run(command: string, args: readonly string[]): string;
  remove(): void;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/**
 * An empty project into which the package, packed as it would be published, was installed, and what else is asked for.
 * Without a registry (never in CI) its own dependencies are links to ours.
 */
export function packedProject(dependencies: readonly string[] = []): PackedProject {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-packed-'));
  const run = (command: string, args: readonly string[], cwd = folder): string => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? ''}${stdout}${stderr}`);
    return stdout;
  };
  const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse(run('npm', packing, root)) as Packed[];
  if (packed === undefined) throw new Error('npm packed nothing');
  writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
  const tarball = join(folder, packed.filename);
  try {
    run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...dependencies]);
  } catch (error) {
    if (process.env.CI !== undefined || dependencies.length > 0) throw error;
    link(folder, ['@noble', 'undici', 'uqr']);
    run('tar', ['xzf', tarball, '--strip-components=1', '--one-top-level=node_modules/tropea']);
  }
  // What a TypeScript project has besides.
  if (dependencies.length === 0) link(folder, ['@types', 'undici-types']);
  return {
    folder,
    files: packed.files.map(({ path }) => path),
    run: (command, args) => run(command, args),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function link(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const path = join(folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), path);
  }
}
