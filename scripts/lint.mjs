// node scripts/lint.mjs [step...]: style, types, layers, dead code, documents. Runs every step, then says which failed.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules/.bin', name);

const steps = {
  style: [bin('biome'), ['ci', '--error-on-warnings', '--diagnostic-level=warn', '--colors=off']],
  types: [bin('tsc'), ['-p', 'tsconfig.json', '--noEmit']],
  layers: [process.execPath, ['scripts/check-layers.mjs']],
  'dead code': [bin('knip'), ['--no-config-hints']],
  documents: [process.execPath, ['--import', 'tsx', 'scripts/docs.mjs', '--check']],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}

const failed = [];
for (const [name, [command, args]] of Object.entries(steps)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const started = Date.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.error(error.message);
  const verdict = status === 0 ? 'ok' : 'FAILED';
  if (status !== 0) failed.push(name);
  console.log(`lint: ${name} ${verdict} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
if (failed.length > 0) console.error(`lint: failed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
