import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256, waitFor } from '../../src/app/lab/index.ts';
import { parseConsensus } from '../../src/wire/netdoc/index.ts';
import { download } from './support/clients.ts';
import { hostileUploads, post, rawRequest } from './support/hostile-uploads.ts';
import { TorNetwork } from './support/network.ts';
import { documentsOf, fetchDocument, hasStem, readWithStem } from './support/stem-documents.ts';

const stem = await hasStem();
const versions = ['VersioningAuthoritativeDirectory 1', 'RecommendedVersions 0.4.8.0,0.4.9.11'];

/** By which C tor tells that it does not like what an authority says or does. */
const complaints =
  /Unable to parse|Couldn't parse|couldn't parse|bad signature|not signed by sufficient|http status 4|HTTP status 4|Rejecting|Weird|unexpected|Unexpected|mismatch|Mismatch|malformed|Bug/;

describe('authorities of Tropea, everything else C tor', () => {
  let net: TorNetwork;
  let socksPort: number;
  let dirPort: number;

  before(
    async () => {
      net = await TorNetwork.start({
        implementation: 'tor',
        authorities: Array.from({ length: 3 }, () => ({ implementation: 'tropea' as const, torrc: versions })),
        relays: 2,
        exits: 1,
        clients: 1,
        onionServices: 1,
      });
      socksPort = net.node('client0').socksPort;
      dirPort = net.node('authority0').dirPort;
    },
    { timeout: 240_000 },
  );
  after(() => net?.stop());

  /** Signatures on the newest consensus of an authority that is newer than a time. */
  const signaturesAfter = (port: number, afterMs: number, wanted: number): Promise<number> =>
    waitFor(
      `a consensus with ${wanted} signatures`,
      async () => {
        const text = await fetchDocument(port, '/tor/status-vote/current/consensus').catch(() => undefined);
        if (text === undefined) return undefined;
        const { validAfterMs } = parseConsensus(text).dangerouslyUnverified();
        const count = text.toString('latin1').split(/^directory-signature /m).length - 1;
        return validAfterMs > afterMs && count === wanted ? count : undefined;
      },
      { timeoutMs: 120_000, intervalMs: 500 },
    );

  it('carries traffic of C tor', async () => {
    assert.equal(await download(`http://web.test:${net.httpPort}`, 300_007, { socksPort }), bodySha256(300_007));
    assert.equal(await download(`http://${net.onion().hostname}`, 300_007, { socksPort }), bodySha256(300_007));
  });

  it('publishes nothing that stem does not read', { skip: !stem && 'python3-stem is not installed' }, async () => {
    const read = await readWithStem(await documentsOf(dirPort));
    for (const [kind, found] of Object.entries(read)) assert.ok(Number(found) > 0, `${kind}: ${found}`);
  });

  it('answers hostile uploads, and goes on', async () => {
    const good = (await fetchDocument(dirPort, '/tor/server/authority')).toString('latin1');
    const vote = (await fetchDocument(dirPort, '/tor/status-vote/current/authority')).toString('latin1');
    for (const { what, path, body } of hostileUploads(good, vote)) {
      assert.match(await post(dirPort, path, body), /^HTTP\/1\.0 (200|400|404) /, what);
    }
    // More than a directory takes: the answer is short, or the connection closed.
    const flood = rawRequest(
      dirPort,
      'POST /tor/ HTTP/1.0\r\nContent-Length: 99999999999\r\n\r\n',
      new Uint8Array(1 << 20),
    );
    assert.match(await flood, /^$|^HTTP\/1\.0 4/);
    await Promise.all(Array.from({ length: 200 }, () => post(dirPort, '/tor/', 'nonsense')));
    assert.equal((await fetchDocument(dirPort, '/tor/server/authority')).toString('latin1'), good);
    assert.deepEqual(net.node('authority0').process.search(/\[err\]|Uncaught|Unhandled/), []);
  });

  it('makes a consensus without one of the three, and with it again once it is back', {
    timeout: 260_000,
  }, async () => {
    const last = net.node('authority2');
    await last.kill();
    assert.equal(await signaturesAfter(dirPort, Date.now(), 2), 2);
    await net.node('authority0').waitForLog(/We're missing votes from 1 authorities/, 60_000);
    last.start();
    assert.equal(await signaturesAfter(dirPort, Date.now(), 3), 3);
    assert.equal(await signaturesAfter(last.dirPort, 0, 3), 3);
  });

  it('gives C tor nothing to complain of', async () => {
    for (const node of net.nodes.filter((each) => each.kind !== 'authority')) {
      const log = (await readFile(join(net.folder, node.name, 'log'), 'latin1')).split('\n');
      const found = log.filter((line) => /\[(warn|err)\]/.test(line) && complaints.test(line));
      assert.deepEqual(found, [], node.name);
    }
  });
});
