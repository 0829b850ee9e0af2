import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256 } from '../../src/app/lab/index.ts';
import { curl, download } from './support/clients.ts';
import { TorNetwork } from './support/network.ts';
import { documentsOf, hasStem, readWithStem } from './support/stem-documents.ts';

const stem = await hasStem();
const versions = ['VersioningAuthoritativeDirectory 1', 'RecommendedVersions 0.4.8.0,0.4.9.11'];

/** Not one process of C tor. */
describe('a network of Tropea alone, in two processes', () => {
  let net: TorNetwork;
  let socksPort: number;

  before(
    async () => {
      net = await TorNetwork.start({
        implementation: 'tropea',
        processes: 2,
        // Where authorities recommend no versions, C tor writes a line that stem does not take.
        authorities: Array.from({ length: 3 }, () => ({ torrc: versions })),
        relays: 3,
        exits: [{ name: 'exit0' }, { name: 'exit1', torrc: ['ExtraInfoStatistics 1'] }],
        clients: 1,
        onionServices: 1,
      });
      socksPort = net.node('client0').socksPort;
    },
    { timeout: 180_000 },
  );
  after(() => net?.stop());

  it('shares two processes', () => {
    assert.equal(new Set(net.nodes.map((node) => node.process.pid)).size, 2);
  });

  it('carries traffic through exits and to an onion service', async () => {
    assert.equal(await download(`http://web.test:${net.httpPort}`, 1_000_003, { socksPort }), bodySha256(1_000_003));
    assert.equal(await download(`http://${net.onion().hostname}`, 1_000_003, { socksPort }), bodySha256(1_000_003));
  });

  it('takes one of its nodes down and up again', async () => {
    const relay = net.node('relay0');
    await relay.kill();
    assert.equal(relay.running, false);
    relay.start();
    await relay.bootstrapped();
    assert.equal((await curl(`http://web.test:${net.httpPort}/`, { socksPort })).code, 0);
  });

  it('says which option is wrong when a node cannot start', async () => {
    const node = await net.addRelay('relay', { name: 'broken', torrc: ['NumCPUs many'] });
    await node.process.exited;
    assert.match(node.process.tail(), /NumCPUs/);
  });

  it('publishes nothing that stem does not read', { skip: !stem && 'python3-stem is not installed' }, async () => {
    const documents = await documentsOf(net.descriptions('authority')[0]?.dirPort ?? 0);
    const read = await readWithStem(documents);
    const { 'extra-info 1.0': extra, 'server-descriptor 1.0': servers, ...others } = read;
    assert.ok(Number(servers) >= 8 && Number(extra) >= 8, JSON.stringify(read));
    assert.deepEqual(others, {
      'network-status-microdesc-consensus-3 1.0': 1,
      'network-status-consensus-3 1.0': 1,
      'network-status-vote-3 1.0': 1,
      'dir-key-certificate-3 1.0': 3,
      'microdescriptor 1.0': 8,
    });
  });

  it('has no errors in any log', async () => {
    const folders = (await readdir(net.folder)).filter((name) => /^(authority|relay|exit|client|onion)\d/.test(name));
    const logs = await Promise.all(folders.map((name) => readFile(join(net.folder, name, 'log'), 'latin1')));
    assert.deepEqual(
      logs.flatMap((text) => text.split('\n').filter((line) => /\[err\]|Uncaught|Unhandled/.test(line))),
      [],
    );
    for (const i of [0, 1]) assert.equal(await readFile(join(net.folder, `process${i}.log`), 'latin1'), '');
  });
});
