import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bodySha256 } from '../../src/app/lab/index.ts';
import { download, upload } from './support/clients.ts';
import { TorNetwork } from './support/network.ts';
import { waitFor } from './support/wait.ts';

/** A client of C tor that links circuits through two guards into sets, and an exit of ours at their end. */
describe('conflux with a client of C tor', () => {
  let net: TorNetwork;
  let socksPort: number;
  const circuits = async (): Promise<string> => {
    const control = await net.node('pinned').control();
    const status = await control.getInfo('circuit-status');
    control.close();
    return status;
  };

  before(
    async () => {
      net = await TorNetwork.start({
        relays: 3,
        exits: [{}, { name: 'ours', implementation: 'tropea' }],
        clients: [{ name: 'pinned', torrc: ['ExitNodes ours', 'StrictNodes 1', 'ConfluxEnabled 1'] }],
      });
      socksPort = net.node('pinned').socksPort;
    },
    { timeout: 240_000 },
  );
  after(() => net?.stop());

  it('links sets at our exit', { timeout: 120_000 }, async () => {
    const linked = async (): Promise<true | undefined> =>
      /~ours .*PURPOSE=CONFLUX_LINKED/.test(await circuits()) ? true : undefined;
    await waitFor('a set of circuits to our exit', linked, { timeoutMs: 100_000 });
  });

  it('carries megabytes both ways over them', { timeout: 180_000 }, async () => {
    const base = `http://127.0.0.1:${net.httpPort}`;
    assert.equal(await download(base, 10_000_003, { socksPort }), bodySha256(10_000_003));
    assert.equal(await upload(base, 5_000_003, { socksPort }), bodySha256(5_000_003));
    assert.match(await circuits(), /~ours .*PURPOSE=CONFLUX_LINKED/);
  });

  it('leaves no protocol warnings in the logs of C tor', () => {
    for (const node of net.nodes.filter(({ implementation }) => implementation === 'tor')) {
      const about = node.warnings().filter((line) => /onflux|sequence|SENDME|protocol/i.test(line));
      assert.deepEqual(about, [], node.name);
    }
  });
});
