// node scripts/bench.mjs [net|micro|...] [options]: runs bench/NAME/main.ts, or all of them one after the other.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const all = readdirSync(join(root, 'bench')).filter((name) => existsSync(join(root, 'bench', name, 'main.ts')));
const words = process.argv.slice(2);
const wanted = words.filter((word) => !word.startsWith('--'));
const options = words.filter((word) => word.startsWith('--'));
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${all.join(', ')}`);
  process.exit(2);
}
// What is measured is what the sources say now, unless another program is given.
if (process.env.TROPEA_LAB_TROPEA === undefined) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.error('the build has errors; what could be built is measured');
}
let worst = 0;
for (const name of wanted.length > 0 ? wanted : all) {
  // Those that print text are kept as they are; the networks write tables of their own.
  const script = name === 'net' ? ['bench/net/main.ts'] : ['bench/support/record.ts', name];
  const args = ['--import', 'tsx', ...script, ...options];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  worst = Math.max(worst, status ?? 1);
}
process.exit(worst);
