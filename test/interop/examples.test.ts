import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { type Lab, LabHost, labFolder } from '../../src/app/lab/index.ts';
import type { Tor } from '../../src/index.ts';
import { type PackedProject, packedProject, root } from '../support/packed-project.ts';
import { torOf } from './support/library.ts';
import { sharedNetwork } from './support/shared-network.ts';

const labName = `examples-${process.pid}`;
const { dependencies } = JSON.parse(readFileSync(join(root, 'examples/package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};
const frameworks = Object.entries(dependencies).filter(([name]) => name !== 'tropea');

/** A running example. */
class Example {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly ended: Promise<number | null>;
  #errors = '';
  #wake: () => void = () => undefined;

  constructor(folder: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    // A test runner within a test runner would report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...outer } = process.env;
    this.child = spawn(process.execPath, args, { cwd: folder, env: { ...outer, ...env } });
    const { stdout, stderr } = this.child;
    if (stdout !== null) {
      createInterface({ input: stdout }).on('line', (line) => {
        this.lines.push(line);
        this.#wake();
      });
    }
    stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#wake();
      return code as number | null;
    });
  }

  async said(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.child.exitCode !== null) throw new Error(`it ended with ${this.child.exitCode}: ${this.output}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Everything said by one that ends by itself. */
  async whole(): Promise<string> {
    const code = await this.ended;
    assert.equal(code, 0, this.output);
    return this.lines.join('\n');
  }

  /** Ctrl-C. */
  async interrupt(): Promise<void> {
    this.child.kill('SIGINT');
    assert.equal(await this.ended, 0, this.output);
  }

  type(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  get output(): string {
    return `${this.lines.join('\n')}\n${this.#errors}`;
  }
}

describe('examples and what the README tells, with the packed package, in a private network', () => {
  let net: Lab;
  let host: LabHost;
  let tor: Tor;
  let project: PackedProject;
  let scratch: string;
  let webUrl: string;
  let missing: string | undefined;
  const examples: Example[] = [];

  /** Without a registry there are no frameworks; in CI there is one. */
  function testWithFramework(name: string, run: () => Promise<void>): void {
    test(name, async (t) => {
      if (missing === undefined) await run();
      else t.skip(missing);
    });
  }

  before(async () => {
    net = await sharedNetwork();
    webUrl = `http://web.test:${net.httpPort}/`;
    try {
      project = packedProject(frameworks.map(([name, version]) => `${name}@${version}`));
    } catch (error) {
      if (process.env.CI !== undefined) throw error;
      missing = `the frameworks could not be installed: ${String(error).slice(0, 200)}`;
      project = packedProject();
    }
    cpSync(join(root, 'examples'), project.folder, { recursive: true, filter: (path) => !path.endsWith('.json') });
    scratch = mkdtempSync(join(project.folder, 'data-'));
    host = await LabHost.claim(labName);
    await host.serve(net);
    tor = await torOf(net, join(scratch, 'own'));
  });
  after(async () => {
    for (const { child } of examples) child.kill('SIGKILL');
    await tor?.close();
    host?.close();
    rmSync(labFolder(labName), { recursive: true, force: true });
    project?.remove();
    await net?.stop();
  });

  function start(...args: readonly string[]): Example {
    const home = mkdtempSync(join(scratch, 'home-'));
    const example = new Example(project.folder, args, { LAB: labName, XDG_DATA_HOME: home, KEY: join(home, 'key') });
    examples.push(example);
    return example;
  }

  testWithFramework('express.mjs', async () => {
    const example = start('express.mjs');
    const url = await example.said(/^http:/);
    assert.equal(await (await tor.fetch(url)).text(), '<h1>Hello from Express</h1>');
    const body = JSON.stringify({ a: 2, b: 3 });
    const sum = await tor.fetch(`${url}sum`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    assert.deepEqual(await sum.json(), { sum: 5 });
    await example.interrupt();
  });

  testWithFramework('fastify.mjs', async () => {
    const example = start('fastify.mjs');
    const page = await tor.fetch(`${await example.said(/^http:/)}hello/bob`);
    assert.deepEqual(await page.json(), { hello: 'bob' });
    await example.interrupt();
  });

  test('chat.mjs', async () => {
    const alice = start('chat.mjs');
    const address = await alice.said(/\.onion$/);
    const bob = start('chat.mjs', address);
    await Promise.all([alice.said(/^\* connected$/), bob.said(/^\* connected$/)]);
    bob.type('Hello Alice');
    await alice.said(/^< Hello Alice$/);
    alice.type('Hello Bob');
    await bob.said(/^< Hello Bob$/);
    bob.child.stdin?.end();
    assert.equal(await bob.ended, 0, bob.output);
    await alice.said(/gone/);
    alice.child.stdin?.end();
    assert.equal(await alice.ended, 0, alice.output);
  });

  testWithFramework('websocket.mjs', async () => {
    assert.match(await start('websocket.mjs').whole(), /^What time is it\? \d{4}-/);
  });

  testWithFramework('http-clients.mjs', async () => {
    const text = await start('http-clients.mjs', webUrl).whole();
    assert.equal(text, 'axios 200 hello through tor\ngot 200 hello through tor');
  });

  test('authorized-service.mjs', async () => {
    assert.match(await start('authorized-service.mjs').whole(), /^ONION_AUTH_MISSING: .+\nGood to see you, Alice\.\n$/);
  });

  test('isolated-circuits.mjs', async () => {
    const lines = (await start('isolated-circuits.mjs', webUrl, webUrl, webUrl).whole()).split('\n');
    assert.equal(lines.length, 3);
    for (const line of lines) assert.match(line, /^\w+ > \w+ > \w+: 200 18 characters$/);
  });

  test('integration.test.mjs', async () => {
    assert.match(await start('--test', '--test-reporter=tap', 'integration.test.mjs').whole(), /^# pass 2$/m);
  });

  test('the README’s program', async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const code = /## As a library\n+```ts\n(.*?)```/s.exec(readme)?.[1] ?? assert.fail('there is no program');
    // The private network has neither these hosts nor a directory of the public network.
    const here = code
      .replace('Tor.start({', "Tor.start({ network: await TestNetwork.attach(process.env.LAB ?? ''),")
      .replace('https://check.torproject.org/', webUrl)
      .replace("'example.com', 443", `'echo.test', ${net.echoPort}`)
      .replace('http://example.com/', webUrl);
    assert.equal(here.match(/example\.com|torproject\.org/g), null);
    writeFileSync(join(project.folder, 'readme.mjs'), `import { TestNetwork } from 'tropea/testing';\n${here}`);
    assert.match(await start('readme.mjs').whole(), /^http:\/\/[a-z2-7]{56}\.onion\/$/m);
  });
});
