import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** A project of four small rooms with the settings of this one. */
const sound: Record<string, string> = {
  'base/errors/index.ts': "export { fault } from './fault.ts';\n",
  'base/errors/fault.ts': 'export const fault = 1;\n',
  'crypto/primitives/index.ts': "import { createHash } from 'node:crypto';\nexport const hash = createHash;\n",
  'wire/cell/index.ts': "import { fault } from '../../base/errors/index.ts';\nexport const cell = fault;\n",
  'protocol/channel/index.ts':
    "import { cell } from '../../wire/cell/index.ts';\nexport const channel = cell;\nexport interface Channel { readonly id: number }\n",
  'app/cli/index.ts': "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n",
};

/** What is planted, and what the checker has to say about it. */
const faults: readonly { title: string; files: Record<string, string>; finds: RegExp }[] = [
  {
    title: 'a room above',
    files: {
      'wire/cell/up.ts': "import { channel } from '../../protocol/channel/index.ts';\nexport const up = channel;\n",
    },
    finds: /layer:wire\/cell: src\/wire\/cell\/up\.ts -> src\/protocol\/channel\/index\.ts/,
  },
  {
    title: 'a room above, types only',
    files: {
      'wire/cell/type-up.ts':
        "import type { Channel } from '../../protocol/channel/index.ts';\nexport type Up = Channel;\n",
    },
    finds: /layer:wire\/cell: src\/wire\/cell\/type-up\.ts -> src\/protocol\/channel\/index\.ts/,
  },
  {
    title: 'the inside of a lower room',
    files: { 'wire/cell/in.ts': "import { fault } from '../../base/errors/fault.ts';\nexport const inside = fault;\n" },
    finds: /layer:wire\/cell: src\/wire\/cell\/in\.ts -> src\/base\/errors\/fault\.ts/,
  },
  {
    title: 'a cycle of types',
    files: {
      'wire/cell/a.ts': "import type { B } from './b.ts';\nexport interface A { readonly b?: B }\n",
      'wire/cell/b.ts': "import type { A } from './a.ts';\nexport interface B { readonly a?: A }\n",
    },
    finds: /no-cycles: src\/wire\/cell\/[ab]\.ts/,
  },
  {
    title: 'cryptography past its door',
    files: { 'wire/cell/sign.ts': "import { sign } from 'node:crypto';\nexport const signature = sign;\n" },
    finds: /one-door-for-cryptography: src\/wire\/cell\/sign\.ts/,
  },
  {
    title: 'a socket in a pure room',
    files: { 'protocol/channel/dial.ts': "import { connect } from 'node:net';\nexport const dial = connect;\n" },
    finds: /sockets-and-files-in-shells: src\/protocol\/channel\/dial\.ts/,
  },
  {
    title: 'a file in a pure room',
    files: { 'wire/cell/load.ts': "import { readFile } from 'node:fs/promises';\nexport const load = readFile;\n" },
    finds: /sockets-and-files-in-shells: src\/wire\/cell\/load\.ts/,
  },
  {
    title: 'an import of nothing',
    files: { 'wire/cell/lost.ts': "export { gone } from './gone.ts';\n" },
    finds: /resolvable: src\/wire\/cell\/lost\.ts/,
  },
  {
    title: 'a file outside every room',
    files: { 'wire/loose/index.ts': 'export const loose = 1;\n' },
    finds: /src\/wire\/loose\/index\.ts is in no room/,
  },
];

describe('check-layers', () => {
  let folder: string;

  const write = (files: Record<string, string>): void => {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, 'src', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  };
  const check = (): { status: number | null; output: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/check-layers.mjs'), folder], {
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tropea-layers-'));
    for (const name of ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs', 'scripts/layers.json']) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('has nothing to say about a sound project, and counts its files', () => {
    write(sound);
    for (const name of Object.keys(sound)) write({ [`${dirname(name)}/README.md`]: 'What is here.\n' });
    const { status, output } = check();
    assert.match(output, /layers: 6 of 6 source files, [1-9]\d* imports, 0 problems/);
    assert.equal(status, 0, output);
  });

  describe('in a project with every fault', () => {
    let said: { status: number | null; output: string };

    before(() => {
      for (const { files } of faults) write(files);
      rmSync(join(folder, 'src/wire/cell/README.md'));
      said = check();
    });

    it('fails', () => assert.equal(said.status, 1));
    for (const { title, finds } of faults) it(`finds ${title}`, () => assert.match(said.output, finds));
    it('finds a room without a page', () => assert.match(said.output, /src\/wire\/cell has no README\.md/));
  });
});
