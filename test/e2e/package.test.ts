import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type PackedProject, packedProject, root } from '../support/packed-project.ts';

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
}

describe('the package as it is published', () => {
  let project: PackedProject;
  let manifest: Manifest;
  const installed = (path: string): string => join(project.folder, 'node_modules/tropea', path);
  const node = (...args: readonly string[]): string => project.run(process.execPath, args);

  before(() => {
    project = packedProject();
    manifest = JSON.parse(readFileSync(installed('package.json'), 'utf8')) as Manifest;
  });
  after(() => project.remove());

  test('contains what users need and nothing else', () => {
    const allowed = /^(bin\/tropea|dist\/.+(\.js|\.d\.ts)|data\/.+|LICENSE|README\.md|CHANGELOG\.md|package\.json)$/;
    assert.deepEqual(
      project.files.filter((path) => !allowed.test(path)),
      [],
    );
    for (const needed of ['dist/index.js', 'dist/index.d.ts', 'dist/testing.js', 'bin/tropea', 'LICENSE']) {
      assert.ok(project.files.includes(needed), needed);
    }
  });

  test('runs nothing when it is installed, and needs few others, each named in the README', () => {
    for (const script of ['preinstall', 'install', 'postinstall']) assert.equal(manifest.scripts[script], undefined);
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const names = Object.keys(manifest.dependencies);
    assert.ok(names.length <= 5, names.join());
    for (const name of names) assert.ok(readme.includes(`\`${name}\``), `${name} is not in the README`);
  });

  test('every entry point has its file and its types, types first', () => {
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') {
        assert.ok(existsSync(installed(target)), target);
        continue;
      }
      assert.deepEqual(Object.keys(target), ['types', 'default'], entry);
      for (const file of Object.values(target)) assert.ok(existsSync(installed(file)), file);
      assert.equal(target.types.replace(/\.d\.ts$/, ''), target.default.replace(/\.js$/, ''), entry);
    }
    for (const file of Object.values(manifest.bin)) assert.ok(existsSync(installed(file)), file);
  });

  test('works from ESM, and from CommonJS where Node.js has require(esm)', (t) => {
    const told = "console.log(typeof m.Tor.start, typeof m.newClientKey, new m.TorError('ABORTED').code)";
    writeFileSync(join(project.folder, 'esm.mjs'), `import * as m from 'tropea';\n${told}`);
    assert.equal(node('esm.mjs'), 'function function ABORTED\n');
    if (!('require_module' in process.features)) {
      t.diagnostic('this Node.js has no require(esm)');
      return;
    }
    writeFileSync(join(project.folder, 'cjs.cjs'), `const m = require('tropea');\n${told}`);
    assert.equal(node('--no-warnings', 'cjs.cjs'), 'function function ABORTED\n');
  });

  test('its program runs', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    assert.match(node('node_modules/tropea/bin/tropea', '--version'), new RegExp(`tropea-${version}`));
  });

  test('its types hold in a strict project, from ESM and from CommonJS', () => {
    const source = readFileSync(join(root, 'test/types/public-api.ts'), 'utf8').replaceAll(
      /'[./]+src\/(index|testing)\.ts'/g,
      (_, entry: string) => (entry === 'index' ? "'tropea'" : "'tropea/testing'"),
    );
    writeFileSync(join(project.folder, 'types.ts'), source);
    const common = "import { Tor } from 'tropea';\nconst start: (typeof Tor)['start'] = Tor.start;\nstart();\n";
    writeFileSync(join(project.folder, 'common.cts'), common);
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2023,esnext.disposable',
      '--types',
      'node',
    ];
    node(join(root, 'node_modules/typescript/bin/tsc'), ...options, '--module', 'nodenext', 'types.ts', 'common.cts');
  });

  test('importing the client loads neither relays nor authorities nor labs', () => {
    const trace = join(root, 'test/support/module-trace.mjs');
    const loaded = (entry: string): string[] => {
      const args = ['--import', pathToFileURL(trace).href, '--input-type=module', '-e', `import '${entry}';`];
      const { stderr } = spawnSync(process.execPath, args, { cwd: project.folder, encoding: 'utf8' });
      return [...stderr.matchAll(/^loaded .*\/tropea\/dist\/(.+)$/gm)].map(([, path = '']) => path);
    };
    const client = loaded('tropea');
    assert.ok(client.includes('app/library/tor.js'), `the trace is empty: ${client.length}`);
    const foreign = /^(roles\/(relay|exit|dircache|authority)|app\/(lab|testing|cli)|views)\//;
    assert.deepEqual(
      client.filter((path) => foreign.test(path)),
      [],
    );
    assert.deepEqual(
      loaded('tropea/testing').filter((path) => /^(roles\/(relay|exit|dircache)|app\/cli|views)\//.test(path)),
      [],
    );
  });
});
