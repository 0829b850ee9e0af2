import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { errorCodes } from '../../../src/base/errors/index.ts';
import * as library from '../../../src/index.ts';
import * as testing from '../../../src/testing.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const guides = readdirSync(join(root, 'docs/guides')).map((name) => `docs/guides/${name}`);

describe('what the guides say is there', () => {
  for (const guide of [...guides, 'examples/README.md', 'README.md']) {
    const text = readFileSync(join(root, guide), 'utf8');

    test(`${guide}: links`, () => {
      const paths = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => path);
      // What a benchmark run writes is not there before the first.
      const there = (path: string): boolean =>
        path === 'bench/results.md' || existsSync(join(root, dirname(guide), path));
      const broken = paths.filter((path) => !there(path));
      assert.deepEqual(broken, []);
    });

    test(`${guide}: code and what it imports`, () => {
      for (const [, code = ''] of text.matchAll(/```[jt]s\n(.*?)```/gs)) {
        const { diagnostics = [] } = ts.transpileModule(code, {
          reportDiagnostics: true,
          compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
        });
        assert.deepEqual(
          diagnostics.map(({ messageText }) => messageText),
          [],
          code,
        );
        for (const [, names = '', entry] of code.matchAll(/import \{([^}]*)\} from 'tropea(\/testing)?'/g)) {
          const module = entry === undefined ? library : testing;
          for (const name of names.split(',')) assert.ok(name.trim() in module, name);
        }
      }
    });
  }

  test('every code that troubleshooting tells of', () => {
    const text = readFileSync(join(root, 'docs/guides/troubleshooting.md'), 'utf8');
    const rows = text.split('\n').filter((line) => line.startsWith('| `'));
    const told = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, code = '']) => code),
    );
    assert.ok(told.length > 15);
    assert.deepEqual(
      told.filter((code) => !(code in errorCodes)),
      [],
    );
  });
});
