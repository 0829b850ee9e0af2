import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { commandOf, type LabStatus } from '../../src/app/lab/index.ts';
import { type CommandResult, runCommand } from './support/clients.ts';

const tropea = (...words: string[]): Promise<CommandResult> =>
  runCommand([...commandOf('tropea'), 'lab', ...words], { timeoutMs: 180_000 });

const good = async (...words: string[]): Promise<string> => {
  const { code, stdout, stderr } = await tropea(...words);
  assert.equal(code, 0, `${words.join(' ')}\n${stdout}\n${stderr}`);
  return stdout.toString();
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const network = `import type { LabTopology } from 'tropea/testing';
const network: LabTopology = {
  authorities: 1, relays: [{ name: 'anna' }, { name: 'bert' }], exits: 1, clients: [{ name: 'me' }],
};
export default network;
`;

describe('tropea lab', () => {
  const name = `test${process.pid}`;
  let folder: string;
  let status: LabStatus;

  const look = async (): Promise<LabStatus> => JSON.parse(await good('status', '--json', '--name', name)) as LabStatus;
  const nodeOf = async (node: string) => (await look()).nodes.find((each) => each.name === node);

  before(
    async () => {
      folder = await mkdtemp(join(tmpdir(), 'tropea-lab-cli-'));
      const file = join(folder, 'net.ts');
      await writeFile(file, network);
      assert.match(await good('up', file, '--detach', '--name', name), /Through an exit/);
      status = await look();
    },
    { timeout: 200_000 },
  );
  after(async () => {
    await tropea('down', '--name', name);
    await rm(folder, { recursive: true, force: true });
  });

  it('starts what a TypeScript file describes', () => {
    assert.deepEqual(
      status.nodes.map((node) => [node.name, node.kind, node.implementation, node.running]),
      [
        ['authority0', 'authority', 'tropea', true],
        ['anna', 'relay', 'tropea', true],
        ['bert', 'relay', 'tropea', true],
        ['exit0', 'exit', 'tropea', true],
        ['me', 'client', 'tropea', true],
      ],
    );
  });

  it('runs programs inside the network', async () => {
    const url = `http://web.test:${status.httpPort}/`;
    assert.equal(await good('exec', '--name', name, '--', 'curl', '-sS', url), 'hello through tor\n');
    assert.notEqual((await tropea('exec', '--name', name, '--', 'curl', '-sS', 'http://nowhere.invalid/')).code, 0);
    assert.equal((await tropea('exec', '--name', name, '--', 'sh', '-c', 'exit 7')).code, 7, 'its code is ours');
    assert.equal((await tropea('exec', '--name', name, '--', 'sh', '-c', 'kill -TERM $$')).code, 128 + 15);
  });

  it('kills, starts and restarts nodes', async () => {
    await good('kill', 'bert', '--name', name);
    assert.equal((await nodeOf('bert'))?.running, false);
    await good('start', 'bert', '--name', name);
    await good('restart', 'anna', '--name', name);
    assert.equal((await nodeOf('bert'))?.running, true);
    assert.equal((await nodeOf('anna'))?.running, true);
    const { code, stderr } = await tropea('kill', 'nobody', '--name', name);
    assert.equal(code, 1);
    assert.match(stderr, /nobody/);
  });

  it('shows logs', async () => {
    assert.match(await good('logs', 'authority0', '--name', name), /Published microdesc consensus/);
  });

  it('refuses a second lab of the same name, and files it does not understand', async () => {
    assert.match((await tropea('up', 'basic', '--name', name)).stderr, /runs already/);
    const file = join(folder, 'bad.json');
    await writeFile(file, '{"relays": "many"}');
    const { code, stderr } = await tropea('up', file, '--name', `${name}b`);
    assert.equal(code, 1);
    assert.match(stderr, /network\.relays must be a count/);
  });

  it('leaves nothing behind', async () => {
    assert.match(await good('down', '--name', name), /is down/);
    for (const left of [status.folder, `${status.folder}.log`]) assert.equal(existsSync(left), false, left);
    for (const { pid } of status.nodes) assert.equal(isAlive(pid), false, `${pid}`);
    assert.match((await tropea('status', '--name', name)).stderr, /No lab called/);
  });
});

it('tropea lab tells of a network that is still starting, which nobody else can start, and gives it up', async () => {
  const name = `early${process.pid}`;
  const up = tropea('up', 'basic', '--name', name);
  const said = async (...words: string[]): Promise<string> =>
    (await tropea(...words, '--name', name)).stderr.toString();
  let status = '';
  while (!/still starting/.test(status)) {
    status = await said('status');
    assert.match(status, /still starting|No lab called/);
  }
  assert.match(await said('up', 'basic'), /runs already/);
  assert.match(await good('down', '--name', name), /is down/);
  const { code, stdout } = await up;
  assert.equal(code, 1);
  assert.match(stdout.toString(), /Ended before it was ready/);
  assert.match(await said('status'), /No lab called/);
});

it('tropea lab demo shows each step to an onion service', { timeout: 200_000 }, async () => {
  const text = await good('demo', '--once');
  const hops = /^ +client → (.+) → service$/m.exec(text)?.[1]?.split(' → ') ?? [];
  assert.ok(hops.length >= 6, text);
  for (const step of [
    /1\. The service chose introduction points/,
    /2\. It signed descriptors/,
    /3\. The client, .* got the descriptor from \w+/,
    /4\. It chose a rendezvous point, \w+/,
    /5\. It asked introduction point \w+/,
    /6\. The service .* went to \w+/,
    /7\. Six hops/,
    /<h1>Hello from an onion service<\/h1>/,
    /curl --socks5-hostname 127\.0\.0\.1:\d+ http:\/\/[a-z2-7]{56}\.onion\//,
  ])
    assert.match(text, step);
});
