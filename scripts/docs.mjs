// node --import tsx scripts/docs.mjs [--check]: writes the documents that are made from tables in the sources,
// or with --check fails when one of them no longer says what the table says.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCodes } from '../src/base/errors/index.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kinds = {
  protocol: 'the peer broke the protocol',
  network: 'the network failed us; a later try may work',
  usage: 'what was asked for is impossible',
  resource: 'a limit of this machine or of the configuration is reached',
  bug: 'our mistake',
};
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function errors() {
  const rows = Object.entries(errorCodes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { kind, summary, fix }]) => `| \`${code}\` | ${kind} | ${cell(summary)} | ${cell(fix)} |`);
  const legend = Object.entries(kinds).map(([kind, meaning]) => `- **${kind}**: ${meaning}.`);
  return [
    '# Error codes',
    '',
    '<!-- Made by `npm run docs` from src/base/errors/codes.ts. -->',
    '',
    'Every error that leaves Tropea is a `TorError` with one of these codes. A code never changes its meaning. `error.kind`',
    'says whose fault it is, `error.fix` what to do next, `error.facts` carries what is known.',
    '',
    ...legend,
    '',
    '| Code | Kind | Meaning | What to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

const documents = { 'docs/ERRORS.md': errors() };
const check = process.argv.includes('--check');
const stale = [];
for (const [name, text] of Object.entries(documents)) {
  const path = join(root, name);
  const current = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (current === text) continue;
  if (check) stale.push(name);
  else {
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
  }
}
if (stale.length > 0) {
  console.error(`out of date: ${stale.join(', ')}; run npm run docs`);
  process.exit(1);
}
