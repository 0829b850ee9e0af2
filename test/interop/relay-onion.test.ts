import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bodySha256 } from '../../src/app/lab/index.ts';
import { download } from './support/clients.ts';
import { TorNetwork } from './support/network.ts';

const relays = [0, 1, 2, 3, 4].map((i) => `tropea${i}`);
const ours = [...relays, 'exit'];
const authorities = ['authority0', 'authority1', 'authority2'];
/** Guards, middles, introduction and rendezvous points: none but ours. */
const onlyOurs = [`ExcludeNodes ${authorities.join(',')}`, 'StrictNodes 1'];

/** Client, service and authorities are C tor; every relay between them, and every directory of the hash ring, is ours. */
describe('onion services of C tor over relays of ours alone', () => {
  let net: TorNetwork;

  before(
    async () => {
      const voting = [
        `TestingDirAuthVoteHSDir ${ours.join(',')}`,
        'TestingDirAuthVoteHSDirIsStrict 1',
        'AuthDirVoteStableGuaranteeMinUptime 1 second',
      ];
      net = await TorNetwork.start({
        authorities: authorities.map((name) => ({ name, torrc: voting })),
        relays: relays.map((name) => ({ name, implementation: 'tropea' as const })),
        exits: [{ name: 'exit', implementation: 'tropea' }],
        onionServices: [{ name: 'service', torrc: onlyOurs }],
        clients: [{ name: 'visitor', torrc: onlyOurs }],
      });
    },
    { timeout: 240_000 },
  );
  after(() => net?.stop());

  it('puts the hash ring into our hands', async () => {
    const consensus = (await net.consensus()) ?? '';
    for (const entry of consensus.split('\nr ').slice(1)) {
      const name = entry.split(' ', 1)[0] ?? '';
      assert.equal(/^s .*\bHSDir\b/m.test(entry), ours.includes(name), name);
    }
  });

  it('carries a megabyte through introduction and rendezvous', { timeout: 120_000 }, async () => {
    const { socksPort } = net.node('visitor');
    const base = `http://${net.onion('service').hostname}`;
    assert.equal(await download(base, 1_000_003, { socksPort, timeoutMs: 100_000 }), bodySha256(1_000_003));
    const control = await net.node('visitor').control();
    const circuits = await control.getInfo('circuit-status');
    control.close();
    assert.match(circuits, /HS_STATE=HSCR_JOINED/);
    for (const name of authorities) assert.ok(!circuits.includes(`~${name}`), circuits);
  });
});
