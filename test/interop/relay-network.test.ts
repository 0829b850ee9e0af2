import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bodySha256, type ControlClient, waitFor } from '../../src/app/lab/index.ts';
import { download, upload } from './support/clients.ts';
import { TorNetwork } from './support/network.ts';

const ours = ['tropea0', 'tropea1', 'tropea2'];
const [guard, middle] = ours;

/** What C tor says in a small network whoever its neighbours are; its own self-tests now and then turn back on themselves. */
const notAboutUs: readonly RegExp[] = [
  /Bw Weight Failure/,
  /Failed to choose an exit server/,
  /We just marked ourself as down/,
  /You specified a relay "/,
  /is giving Tor only an IP address/,
  /Client asked me to extend back to the previous hop/,
  /connection_edge_process_relay_cell \(away from origin\) failed/,
  // Votes of authorities that a busy machine kept from each other.
  /Rejecting vote from|Posted vote received too late|'s posted vote|store my own vote|enough votes to generate|Not enough info to publish|status-vote\/next/,
];

/** Flags of each relay in a consensus. */
function flagsOf(consensus: string): Map<string, Set<string>> {
  const flags = new Map<string, Set<string>>();
  for (const entry of consensus.split('\nr ').slice(1)) {
    const name = entry.split(' ', 1)[0] ?? '';
    flags.set(name, new Set(/^s (.*)$/m.exec(entry)?.[1]?.split(' ')));
  }
  return flags;
}

/** Guard, middle and exit: each of the two programs in each position, beside both. */
const mixedPaths = [
  ['tropea0', 'relay0', 'exit0'],
  ['relay0', 'tropea1', 'exit0'],
  ['relay0', 'authority0', 'tropea2'],
  ['tropea0', 'tropea1', 'exit0'],
  ['relay0', 'tropea1', 'tropea2'],
  ['tropea0', 'relay0', 'tropea2'],
];

/** The id of the stream that waits for a circuit since event `seen`. */
function newStream(control: ControlClient, seen: number): Promise<string> {
  return waitFor(
    'a new stream',
    () => {
      const event = control.events.slice(seen).find((line) => /^STREAM \d+ NEW /.test(line));
      return Promise.resolve(event?.split(' ')[1]);
    },
    { timeoutMs: 20_000, intervalMs: 20 },
  );
}

/** Authorities, a client and two relays of C tor; our relays in every position. */
describe('relays of ours in a network of C tor', () => {
  let net: TorNetwork;
  let socksPort: number;

  before(
    async () => {
      net = await TorNetwork.start({
        authorities: [0, 1, 2].map(() => ({ torrc: ['AuthDirVoteStableGuaranteeMinUptime 1 second'] })),
        relays: [{}, ...[0, 1].map((i) => ({ name: `tropea${i}`, implementation: 'tropea' as const }))],
        exits: [{}, { name: 'tropea2', implementation: 'tropea' }],
        clients: [
          { name: 'mixer' },
          {
            name: 'pinned',
            torrc: [
              `EntryNodes ${guard}`,
              `MiddleNodes ${middle}`,
              'ExitNodes tropea2',
              'StrictNodes 1',
              'ConfluxEnabled 0',
            ],
          },
        ],
      });
      socksPort = net.node('pinned').socksPort;
    },
    { timeout: 180_000 },
  );
  after(() => net?.stop());

  it('are listed with the flags of a relay that serves', async () => {
    const flags = flagsOf((await net.consensus()) ?? '');
    for (const name of ours) {
      for (const flag of ['Running', 'Valid', 'Fast', 'Stable', 'HSDir', 'V2Dir', 'Guard']) {
        assert.ok(flags.get(name)?.has(flag), `${name} has ${flag}: ${[...(flags.get(name) ?? [])]}`);
      }
    }
    assert.ok(flags.get('tropea2')?.has('Exit'));
  });

  it('carry a megabyte both ways for a client that uses nothing else', { timeout: 120_000 }, async () => {
    const base = `http://127.0.0.1:${net.httpPort}`;
    assert.equal(await download(base, 1_000_003, { socksPort }), bodySha256(1_000_003));
    assert.equal(await upload(base, 1_000_003, { socksPort }), bodySha256(1_000_003));
    const control = await net.node('pinned').control();
    const circuits = await control.getInfo('circuit-status');
    control.close();
    assert.match(circuits, /~tropea0,\$[0-9A-F]{40}~tropea1,\$[0-9A-F]{40}~tropea2/);
  });

  it('carry a hundred megabytes', { timeout: 240_000 }, async () => {
    const base = `http://127.0.0.1:${net.httpPort}`;
    const options = { socksPort, timeoutMs: 200_000 };
    assert.equal(await download(base, 100_000_003, options), bodySha256(100_000_003));
  });

  it('stand beside relays of C tor in every position', { timeout: 120_000 }, async () => {
    const { socksPort } = net.node('mixer');
    const control = await net.node('mixer').control();
    await control.command('SETCONF __LeaveStreamsUnattached=1 __DisablePredictedCircuits=1');
    await control.command('SETEVENTS CIRC STREAM');
    const base = `http://127.0.0.1:${net.httpPort}`;
    for (const path of mixedPaths) {
      const { lines } = await control.command(`EXTENDCIRCUIT 0 ${path.join(',')}`);
      const id = /^EXTENDED (\d+)/.exec(lines[0] ?? '')?.[1] ?? '';
      await control.waitForEvent(new RegExp(`^CIRC ${id} BUILT`), 20_000);
      const seen = control.events.length;
      const fetched = download(base, 500_009, { socksPort });
      const stream = await newStream(control, seen);
      await control.command(`ATTACHSTREAM ${stream} ${id}`);
      assert.equal(await fetched, bodySha256(500_009), path.join(' '));
      await control.command(`CLOSECIRCUIT ${id}`);
    }
    control.close();
  });

  it('leave no warnings in the logs of C tor', () => {
    for (const node of net.nodes.filter(({ implementation }) => implementation === 'tor')) {
      const about = node.warnings().filter((line) => !notAboutUs.some((pattern) => pattern.test(line)));
      assert.deepEqual(about, [], node.name);
    }
  });
});
