import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  authorizeClients,
  type ClientKey,
  type Implementation,
  type Lab,
  type LabNode,
  makeClientKey,
  waitFor,
  writeClientAuth,
} from '../../src/app/lab/index.ts';
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { SocksRefusal, socksConnect } from './support/socks-client.ts';
import { scratch, thorough } from './support/tropea.ts';

/** SOCKS replies of proposal 304; 0: there is a stream. */
const missingAuth = 0xf4;
const wrongAuth = 0xf5;
/** What may come in between in a network of nine relays: a directory or a path that failed. */
const passing: readonly (number | undefined)[] = [undefined, 1, 4, 0xf0, 0xf2, 0xf3, 0xf7];

const programs = ['tor', 'tropea'] as const;
const serviceOf = (program: Implementation): string => `knows${program}`;

/** Services of both programs that know Alice and Bob, and clients of both, which must see the same. */
describe('client authorization of onion services', () => {
  let net: Lab;

  before(async () => {
    net = await sharedNetwork();
    await Promise.all(
      programs.map((implementation) =>
        net.addOnionService({ name: serviceOf(implementation), implementation, clients: ['alice', 'bob'] }),
      ),
    );
  });
  after(() => net.stop());

  /** A client that has this key for both services. */
  const clientWith = async (implementation: Implementation, key?: (name: string) => ClientKey): Promise<LabNode> => {
    const keys = await scratch(net, 'keys');
    if (key !== undefined) {
      for (const program of programs) {
        const name = serviceOf(program);
        await writeClientAuth(keys, net.onion(name).hostname, { ...key(name), name });
      }
    }
    const port = await net.freePort();
    const torrc = [`ClientOnionAuthDir ${keys}`, `SocksPort 127.0.0.1:${port} ExtendedErrors`];
    const node = await net.addClient({ implementation, torrc });
    ports.set(node, port);
    return node;
  };
  const ports = new Map<LabNode, number>();
  const keyOf = (name: string, client: string): ClientKey => {
    const found = net.onion(name).clients.find((each) => each.name === client);
    assert.ok(found !== undefined);
    return found;
  };

  let visits = 0;
  const reply = async (client: LabNode, service: string): Promise<number | undefined> => {
    const target = { socksPort: ports.get(client) ?? 0, host: net.onion(service).hostname, port: 80 };
    try {
      (await socksConnect({ ...target, user: `visit${visits++}` })).destroy();
      return 0;
    } catch (error) {
      return error instanceof SocksRefusal ? error.code : undefined;
    }
  };
  /** The answer that is about client authorization, `before` is what may be answered till then. */
  const settled = (client: LabNode, service: string, wanted: number, before = passing): Promise<true> => {
    const seen: (number | undefined)[] = [];
    const who = `${client.implementation} at ${service}`;
    const look = async (): Promise<true | undefined> => {
      const code = await reply(client, service);
      seen.push(code);
      assert.ok(code === wanted || before.includes(code), `${who} said 0x${code?.toString(16)}`);
      return code === wanted ? true : undefined;
    };
    return waitFor(`${who}: 0x${wanted.toString(16)}`, look, {
      timeoutMs: 150_000,
      intervalMs: 1000,
      onTimeout: () => seen.join(' '),
    });
  };
  /** C tor at C tor is there to compare with, and may take minutes in so small a network. */
  const servicesFor = (client: LabNode): string[] =>
    programs.filter((program) => thorough || program === 'tropea' || client.implementation === 'tropea').map(serviceOf);
  const everywhere = (clients: readonly LabNode[], wanted: number): Promise<unknown> =>
    Promise.all(clients.flatMap((client) => servicesFor(client).map((service) => settled(client, service, wanted))));

  it('no key and a wrong key are told apart, and both keep out', async () => {
    const stranger = makeClientKey('mallory', nodeRuntime.random);
    const [without, wrong] = await Promise.all([
      Promise.all(programs.map((program) => clientWith(program))),
      Promise.all(programs.map((program) => clientWith(program, () => stranger))),
    ]);
    await Promise.all([everywhere(without, missingAuth), everywhere(wrong, wrongAuth)]);
    // Also when the descriptor is known.
    await Promise.all([everywhere(without, missingAuth), everywhere(wrong, wrongAuth)]);
  });

  it('a key lets in until it is revoked; then it is a wrong one. Who is new on the list gets in', async () => {
    const [alices, bobs] = await Promise.all([
      Promise.all(programs.map((program) => clientWith(program, (name) => keyOf(name, 'alice')))),
      Promise.all(programs.map((program) => clientWith(program, (name) => keyOf(name, 'bob')))),
    ]);
    await everywhere([...alices, ...bobs], 0);
    const carol = makeClientKey('carol', nodeRuntime.random);
    await Promise.all(programs.map((program) => replaceBob(net.node(serviceOf(program)), carol)));
    await Promise.all(bobs.map((client) => outOnceForgotten(client)));
    // They must read the new descriptor, too.
    const carols = Promise.all(programs.map((program) => clientWith(program, () => carol)));
    await Promise.all(alices.map((client) => newIdentity(client)));
    await everywhere([...alices, ...(await carols)], 0);
  });

  const replaceBob = async (service: LabNode, successor: ClientKey): Promise<void> => {
    const folder = join(service.folder, 'service');
    await rm(join(folder, 'authorized_clients', 'bob.auth'));
    await authorizeClients(folder, [successor]);
    const control = await service.control();
    await control.command('SETEVENTS HS_DESC');
    service.reload();
    await control.waitForEvent(/^HS_DESC UPLOADED/, 60_000);
    control.close();
  };

  /** A descriptor that the client read before still opens for it, and C tor lets it in with that. */
  const outOnceForgotten = async (client: LabNode): Promise<void> => {
    const answers = async (): Promise<true | undefined> => {
      await newIdentity(client);
      const codes = await Promise.all(servicesFor(client).map((service) => reply(client, service)));
      for (const code of codes) {
        assert.ok(code === 0 || code === wrongAuth || passing.includes(code), `0x${code?.toString(16)}`);
      }
      return codes.every((code) => code === wrongAuth) ? true : undefined;
    };
    await waitFor(`new descriptors for ${client.name}`, answers, { timeoutMs: 200_000, intervalMs: 1000 });
  };

  /** C tor takes no more than one in ten seconds, and tells when it has done the one that it put off. */
  const newIdentity = async (client: LabNode): Promise<void> => {
    const control = await client.control();
    try {
      await control.command('SETEVENTS SIGNAL');
      await control.command('SIGNAL NEWNYM');
      await control.waitForEvent(/^SIGNAL NEWNYM/, 60_000);
    } finally {
      control.close();
    }
  };
});
