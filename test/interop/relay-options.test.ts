import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256, commandOf, waitFor } from '../../src/app/lab/index.ts';
import { download, runCommand } from './support/clients.ts';
import { TorNetwork } from './support/network.ts';

const tropea = 'tropea' as const;
const slowBytes = 1_500_000;
const rate = 250_000;

/** The flags of a relay in a consensus. */
const flagsIn = (consensus: string | undefined, name: string): string | undefined =>
  new RegExp(`^r ${name} .*\\n(?:a .*\\n)*s (.*)$`, 'm').exec(consensus ?? '')?.[1];

/** What a relay of ours is told by its torrc, seen by authorities and clients of C tor. */
describe('options of relays of ours', () => {
  let net: TorNetwork;
  let keys: string;
  let familyId: string;

  before(
    async () => {
      keys = await mkdtemp(join(tmpdir(), 'tropea-family-'));
      // Made by C tor, so that the file's form is its own.
      const made = await runCommand([
        ...commandOf('tor'),
        '--keygen-family',
        join(keys, 'kin'),
        '--ignore-missing-torrc',
        '-f',
        join(keys, 'none'),
      ]);
      familyId = /FamilyId (\S+)/.exec(made.stdout.toString())?.[1] ?? '';
      assert.notEqual(familyId, '');
      const family = [`FamilyKeyDirectory ${keys}`, `FamilyId ${familyId}`, 'ContactInfo kin@example.invalid'];
      net = await TorNetwork.start({
        authorities: [0, 1, 2].map(() => ({ torrc: ['AuthDirVoteStableGuaranteeMinUptime 1 second'] })),
        relays: [{}, ...[0, 1].map((i) => ({ name: `kin${i}`, implementation: tropea, torrc: family }))],
        exits: [
          {},
          {
            name: 'slow',
            implementation: tropea,
            torrc: [`RelayBandwidthRate ${rate}`, `RelayBandwidthBurst ${rate}`, 'MetricsPort 0'],
          },
        ],
        bridges: [{ name: 'bridge', implementation: tropea }],
        clients: [
          { name: 'hidden', bridges: ['bridge'] },
          { name: 'patient', torrc: ['ExitNodes slow', 'StrictNodes 1', 'ConfluxEnabled 0'] },
        ],
      });
    },
    { timeout: 240_000 },
  );
  after(async () => {
    await net?.stop();
    await rm(keys, { recursive: true, force: true });
  });

  it('prove their family to the authorities', async () => {
    const [authority] = net.descriptions('authority');
    const folder = join(authority?.folder ?? '', 'data');
    const text = await Promise.all(
      ['cached-microdescs', 'cached-microdescs.new'].map((name) =>
        readFile(join(folder, name), 'latin1').catch(() => ''),
      ),
    );
    const proven = text.join('').split(`family-ids ed25519:${familyId}`).length - 1;
    assert.ok(proven >= 2, `${proven} descriptors with the family id`);
  });

  it('are a bridge that a client of C tor bootstraps and fetches through', { timeout: 120_000 }, async () => {
    const { socksPort } = net.node('hidden');
    const base = `http://127.0.0.1:${net.httpPort}`;
    assert.equal(await download(base, 300_000, { socksPort }), bodySha256(300_000));
    const consensus = (await net.consensus()) ?? '';
    assert.ok(!/^r bridge /m.test(consensus), 'no consensus lists a bridge');
  });

  it('move no more than RelayBandwidthRate', { timeout: 120_000 }, async () => {
    const { socksPort } = net.node('patient');
    const base = `http://127.0.0.1:${net.httpPort}`;
    const began = performance.now();
    assert.equal(await download(base, slowBytes, { socksPort }), bodySha256(slowBytes));
    const seconds = (performance.now() - began) / 1000;
    // One burst is there at the beginning; cells are larger than what they carry.
    assert.ok(seconds >= (slowBytes - 2 * rate) / rate, `${slowBytes} bytes took ${seconds.toFixed(1)} s`);
  });

  it('come back after a power cut with the same identity and flags', { timeout: 180_000 }, async () => {
    const node = net.node('kin0');
    const identity = await node.fingerprint();
    const flags = flagsIn(await net.consensus(), 'kin0');
    assert.match(flags ?? '', /Guard HSDir Running Stable V2Dir Valid/);
    await node.kill();
    node.start();
    await node.bootstrapped();
    assert.equal(await node.fingerprint(), identity);
    // A consensus voted on since then, not the one that still knows the relay from before.
    const since = new Date().toISOString().slice(0, 19).replace('T', ' ');
    const voted = await waitFor(
      'a later consensus',
      async () => {
        const consensus = (await net.consensus()) ?? '';
        return (/^valid-after (.*)$/m.exec(consensus)?.[1] ?? '') > since ? consensus : undefined;
      },
      { timeoutMs: 90_000, intervalMs: 500 },
    );
    assert.equal(flagsIn(voted, 'kin0'), flags);
  });

  it('write what C tor reads without a complaint', () => {
    for (const node of net.nodes.filter(({ implementation }) => implementation === 'tor')) {
      const about = node.warnings().filter((line) => /family|descriptor|signature|certificate|malformed/i.test(line));
      assert.deepEqual(about, [], node.name);
    }
  });
});
