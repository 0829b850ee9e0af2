#!/usr/bin/env node
// Writes data/authorities.json and data/fallbacks.json from a C tor source tree, whose two lists are where the public
// network publishes these facts.  Usage: node scripts/update-public-network.mjs <path to tor/src>
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [source] = process.argv.slice(2);
if (source === undefined) {
  console.error('usage: node scripts/update-public-network.mjs <path to tor/src>');
  process.exit(2);
}

/** The C string literals between top-level commas, adjacent literals joined. */
function literals(file) {
  const text = readFileSync(join(source, 'app/config', file), 'utf8')
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/^\s*\/\/.*$/gm, '');
  const entries = [];
  let current = '';
  for (const [token] of text.matchAll(/"[^"]*"|,/g)) {
    if (token === ',') {
      entries.push(current);
      current = '';
    } else current += token.slice(1, -1);
  }
  return [...entries, current].filter((entry) => entry !== '');
}

const write = (name, lines) =>
  writeFileSync(new URL(`../data/${name}`, import.meta.url), `${JSON.stringify(lines, null, 1)}\n`);
write('authorities.json', literals('auth_dirs.inc'));
write('fallbacks.json', literals('fallback_dirs.inc'));
