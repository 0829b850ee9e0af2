import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bodySha256 } from '../../src/app/lab/index.ts';
import { download } from './support/clients.ts';
import { TorNetwork } from './support/network.ts';

const relays = [0, 1, 2, 3, 4].map((i) => `tropea${i}`);
const authorities = ['authority0', 'authority1', 'authority2'];
/** Guards, middles, introduction and rendezvous points: none but ours. Strictly, nobody could bootstrap. */
const onlyOurs = [`ExcludeNodes ${authorities.join(',')}`];

/** Client, service and authorities are C tor; every relay between them is ours, directories of the hash ring too. */
describe('onion services of C tor over relays of ours alone', () => {
  let net: TorNetwork;

  before(
    async () => {
      const voting = ['AuthDirVoteStableGuaranteeMinUptime 1 second'];
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

  it('carries a megabyte: hash ring, introduction, rendezvous', { timeout: 120_000 }, async () => {
    const { socksPort } = net.node('visitor');
    const base = `http://${net.onion('service').hostname}`;
    assert.equal(await download(base, 1_000_003, { socksPort, timeoutMs: 100_000 }), bodySha256(1_000_003));
    const control = await net.node('visitor').control();
    const circuits = await control.getInfo('circuit-status');
    control.close();
    assert.match(circuits, /HS_STATE=HSCR_JOINED/);
    const onion = circuits.split('\n').filter((line) => line.includes('PURPOSE=HS_'));
    for (const name of authorities) for (const line of onion) assert.ok(!line.includes(`~${name}`), line);
  });
});
