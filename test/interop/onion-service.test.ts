import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256, type Lab, type LabNode, startService, waitFor } from '../../src/app/lab/index.ts';
import { curl, download, upload } from './support/clients.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { scratch, thorough, torClient, tropeaClient } from './support/tropea.ts';

const large = thorough ? 100_000_000 : 8_000_000;
const clients = 50;
const each = 100_000;
const timeoutMs = 240_000;

describe('an onion service of Tropea', () => {
  let net: Lab;
  let service: LabNode;
  let hostname: string;
  let torSocks: number;
  let tropeaSocks: number;
  const rpc = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end('{"result":{"blocks":840000},"error":null,"id":1}\n'));
  });

  before(async () => {
    net = await sharedNetwork();
    const folder = await scratch(net, 'targets');
    const socketPath = join(folder, 'rpc.sock');
    await new Promise<void>((resolve) => rpc.listen(socketPath, resolve));
    service = await net.addOnionService({
      name: 'ours',
      implementation: 'tropea',
      service: [`HiddenServicePort 8332 unix:${socketPath}`],
    });
    ({ hostname } = net.onion('ours'));
    const [tor, tropea] = await Promise.all([torClient(net), tropeaClient(net)]);
    torSocks = tor.socksPort;
    tropeaSocks = tropea.socksPort;
  });
  after(async () => {
    rpc.close();
    const warned = service.warnings();
    await net.stop();
    assert.deepEqual(warned, []);
  });

  const programs: readonly (readonly [string, () => number])[] = [
    ['C tor', () => torSocks],
    ['Tropea', () => tropeaSocks],
  ];
  for (const [program, socks] of programs) {
    describe(`reached by a client of ${program}`, () => {
      it(`${large} bytes down`, async () => {
        assert.equal(await download(`http://${hostname}`, large, { socksPort: socks(), timeoutMs }), bodySha256(large));
      });

      it(`${large} bytes up`, async () => {
        assert.equal(await upload(`http://${hostname}`, large, { socksPort: socks(), timeoutMs }), bodySha256(large));
      });

      it(`${clients} streams at once`, async () => {
        const all = Array.from({ length: clients }, () =>
          download(`http://${hostname}`, each, { socksPort: socks(), timeoutMs }),
        );
        assert.deepEqual([...new Set(await Promise.all(all))], [bodySha256(each)]);
      });

      it('a JSON-RPC server behind a unix socket', async () => {
        const { stdout, stderr } = await curl(`http://${hostname}:8332/`, { socksPort: socks() });
        assert.match(stdout.toString(), /"blocks":840000/, stderr);
      });

      it('refuses a port that it does not have', async () => {
        const { code } = await curl(`http://${hostname}:81/`, { socksPort: socks() });
        assert.notEqual(code, 0);
      });
    });
  }

  it('keeps its address and is found again after a kill', async () => {
    await service.kill();
    service.start();
    await service.bootstrapped();
    assert.equal(net.onion('ours').hostname, hostname);
    const fresh = await torClient(net);
    const { stdout, stderr } = await curl(`http://${hostname}/`, { socksPort: fresh.socksPort, timeoutMs: 90_000 });
    assert.equal(stdout.toString(), 'hello through tor\n', stderr);
  });
});

describe('the folder of an onion service', () => {
  let net: Lab;

  before(async () => {
    net = await sharedNetwork();
  });
  after(() => net.stop());

  const folderOf = (node: LabNode): string => join(node.folder, 'service');
  /** Puts the service of one node into the other's seat, and waits until it is there for clients. */
  const move = async (from: LabNode, to: LabNode): Promise<void> => {
    await from.stop();
    await to.stop();
    await cp(folderOf(from), folderOf(to), { recursive: true, force: true });
    await startService(to);
  };
  const answers = async (hostname: string, node: LabNode): Promise<void> => {
    assert.equal(await readFile(join(folderOf(node), 'hostname'), 'latin1'), `${hostname}\n`);
    // A client that comes before the new descriptor finds the old one, whose introduction points know nothing of it: each
    // attempt has a client of its own, of the other program, since C tor and C tor may miss each other in so small a network.
    const addClient = node.implementation === 'tor' ? tropeaClient : torClient;
    await waitFor(
      'the service in its new seat',
      async () => {
        const { socksPort } = await addClient(net);
        const { stdout } = await curl(`http://${hostname}/`, { socksPort, timeoutMs: 40_000 });
        return stdout.toString() === 'hello through tor\n' ? true : undefined;
      },
      { timeoutMs: 120_000, intervalMs: 1000, onTimeout: () => node.process.tail() },
    );
  };

  it('moves from C tor to Tropea and back, and the address stays', async () => {
    const [theirs, ours] = await Promise.all([
      net.addOnionService({ name: 'theirs', implementation: 'tor' }),
      net.addOnionService({ name: 'moved', implementation: 'tropea' }),
    ]);
    const { hostname } = net.onion('theirs');
    await move(theirs, ours);
    await answers(hostname, ours);
    assert.deepEqual(ours.warnings(), []);
    await move(ours, theirs);
    await answers(hostname, theirs);
    assert.deepEqual(theirs.warnings(), []);
  });
});
