// The layer rule: node scripts/check-layers.mjs [project folder]
//
// dependency-cruiser once answered "no violations" without having read a single file, so what it says it read is compared
// with the files that are there.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const root = resolve(process.argv[2] ?? home);
const problems = [];

const sources = readdirSync(join(root, 'src'), { recursive: true })
  .map((name) => `src/${String(name).split(sep).join('/')}`)
  .filter((name) => name.endsWith('.ts'))
  .sort();
const rooms = JSON.parse(readFileSync(join(root, 'scripts/layers.json'), 'utf8'));

for (const source of sources) {
  const inRoom = rooms.some((room) => source.startsWith(`src/${room}/`));
  if (!inRoom && source.split('/').length > 2) problems.push(`${source} is in no room of scripts/layers.json`);
}
for (const room of rooms) {
  if (!sources.some((source) => source.startsWith(`src/${room}/`))) continue;
  if (!existsSync(join(root, 'src', room, 'index.ts'))) problems.push(`src/${room} has no index.ts`);
  if (!existsSync(join(root, 'src', room, 'README.md'))) problems.push(`src/${room} has no README.md`);
}

const cruise = spawnSync(
  process.execPath,
  [
    join(home, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
    '--config',
    join(root, '.dependency-cruiser.cjs'),
    '--output-type',
    'json',
    'src',
  ],
  { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
);
if (cruise.error !== undefined || cruise.stdout === '') {
  console.error(cruise.error ?? cruise.stderr);
  process.exit(2);
}
const report = JSON.parse(cruise.stdout);
for (const { rule, from, to, cycle } of report.summary.violations) {
  const way = cycle === undefined ? to : cycle.map((step) => step.name ?? step).join(' -> ');
  problems.push(`${rule.name}: ${from} -> ${way}`);
}
const seen = new Set(report.modules.map((module) => module.source));
const missed = sources.filter((source) => !seen.has(source));
if (sources.length === 0) problems.push('there is no source file');
for (const source of missed) problems.push(`${source} was not read by dependency-cruiser`);

for (const problem of problems) console.error(problem);
const edges = report.summary.totalDependenciesCruised ?? 0;
console.log(
  `layers: ${sources.length - missed.length} of ${sources.length} source files, ${edges} imports, ${problems.length} problems`,
);
process.exit(problems.length === 0 ? 0 : 1);
