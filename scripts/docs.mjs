// node --import tsx scripts/docs.mjs [--check]: writes the documents that are made from tables in the sources,
// or with --check fails when one of them no longer says what the table says.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCodes } from '../src/base/errors/index.ts';
import { optionNames, optionSpec } from '../src/wire/torrc/table/index.ts';
import { apiReports } from './api-report.ts';
import { specMap } from './spec-map.ts';

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

function options() {
  const rows = optionNames
    .map((name) => ({ name, ...optionSpec(name) }))
    .filter(({ type, invisible }) => type !== 'linelist-v' && invisible !== true)
    .map(({ name, type, initial, inert, refused }) => {
      const note = refused !== undefined ? `**refused**: ${refused}` : inert !== undefined ? `no effect: ${inert}` : '';
      return `| \`${name}\` | ${type} | ${initial ? `\`${cell(initial)}\`` : ''} | ${cell(note)} |`;
    });
  return [
    '# Options of the torrc',
    '',
    '<!-- Made by `npm run docs` from src/wire/torrc/table. -->',
    '',
    'Every option of `tor` 0.4.9 is known, with its name, type and default. What an option means is in the manual page of',
    '`tor`. Where Tropea differs, the last column says so: an option without effect is accepted, and whoever sets it is told;',
    'a refused one stops the start, since ignoring it would not be what its user expects.',
    '',
    '| Option | Type | Default | In Tropea |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

const api = apiReports(root);
const documents = {
  'docs/ERRORS.md': errors(),
  'docs/OPTIONS.md': options(),
  'docs/SPEC-MAP.md': specMap(root),
  ...api,
};

/** Something a document tells that is not so: a link to nothing, a code that is no more. */
function untrue(name, current, text) {
  const broken = [...current.matchAll(/\]\(\.\.\/([^)#]+)\)/g)]
    .map(([, path]) => path)
    .filter((path) => !existsSync(join(root, path)));
  const codes = (words) => new Set([...words.matchAll(/^\| `([A-Z0-9_]+)` /gm)].map(([, code]) => code));
  const gone = [...codes(current)].filter((code) => !codes(text).has(code));
  return [...broken, ...gone].map((what) => `${name} tells of ${what}, which is no more`);
}

const check = process.argv.includes('--check');
const problems = [];
for (const [name, text] of Object.entries(documents)) {
  const path = join(root, name);
  const current = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (current === text) continue;
  if (check) {
    if (current === '') problems.push(`${name} is missing`);
    // The public API is reviewed in this document: a change of it is written down in the same commit.
    if (name in api) problems.push(`${name} is not the public API of the sources`);
    problems.push(...untrue(name, current, text));
    // What was added since is worth a word, not a failed run: it is true, only not told yet.
    console.log(`${name} does not tell all yet; run npm run docs`);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error('run npm run docs');
  process.exit(1);
}
