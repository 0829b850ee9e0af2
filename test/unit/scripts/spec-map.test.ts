import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { referencesIn, specMap } from '../../../scripts/spec-map.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('references are read out of notes', () => {
  assert.deepEqual(referencesIn('tor-spec 5.1.4 and 5.5'), [
    ['tor-spec', '5.1.4'],
    ['tor-spec', '5.5'],
  ]);
  assert.deepEqual(referencesIn('rend-spec-v3 2.2.6; proposals 324, 332'), [
    ['rend-spec', '2.2.6'],
    ['proposal', '324'],
    ['proposal', '332'],
  ]);
  assert.deepEqual(referencesIn('rend-spec A, as C tor does'), [['rend-spec', 'A']]);
  assert.deepEqual(referencesIn('nothing here'), []);
});

test('the chapters that everything stands on lead to code, and the document tells of them', () => {
  const fresh = specMap(root);
  const written = readFileSync(`${root}/docs/SPEC-MAP.md`, 'utf8');
  for (const text of [fresh, written]) {
    for (const chapter of ['tor-spec', 'dir-spec', 'rend-spec', 'path-spec', 'guard-spec', 'cert-spec', 'proposal']) {
      assert.match(text, new RegExp(`^## ${chapter}$`, 'm'));
    }
    assert.match(text, /^\| \[protocol\/channel\]\(\.\.\/src\/protocol\/channel\) \| .*tor-spec/m);
  }
});
