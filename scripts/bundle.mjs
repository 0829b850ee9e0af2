// node scripts/bundle.mjs: what was compiled, put together in a few files for the program. Loading five hundred modules
// takes as long as all the rest of its start. The library stays as it was compiled.
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');
// As deep below the root as what was compiled, since it looks for data/ and package.json from there.
const outdir = join(dist, 'program/bundle');

const common = {
  outdir,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  legalComments: 'none',
  logLevel: 'warning',
};

rmSync(outdir, { recursive: true, force: true });
await build({ ...common, entryPoints: { main: join(dist, 'app/cli/main.js') }, splitting: true });
// Started by its name, from beside whoever starts it. By itself it holds only what it needs, a fiftieth of the program.
await build({ ...common, entryPoints: { thread: join(dist, 'roles/relay/handshakes/thread.js') } });
