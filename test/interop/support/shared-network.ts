import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab, LabDescription, LabOptions } from '../../../src/app/lab/index.ts';
import { TorNetwork } from './network.ts';

const variable = 'TROPEA_TEST_NETWORK';

/** What every test may count on: three authorities, relays of C tor, a service for everybody and one for Alice. */
const options: LabOptions = {
  authorities: 3,
  relays: 4,
  exits: 2,
  onionServices: [{ name: 'open' }, { name: 'closed', clients: ['alice'] }],
  clients: [{ name: 'reference' }],
};

/** Starts the network that all interop tests of a run share; `environment` tells them where it is. */
export async function startSharedNetwork() {
  const network = await TorNetwork.start(options);
  const file = join(network.folder, 'network.json');
  writeFileSync(file, JSON.stringify(network.describe()));
  return { environment: { [variable]: file }, stop: () => network.stop() };
}

/**
 * The network of this run: the shared one when there is one, else one of its own. A test adds clients and services to
 * it and ends them with `stop()`; a test that ends relays or changes the consensus starts a network for itself.
 */
export async function sharedNetwork(): Promise<Lab> {
  const file = process.env[variable];
  if (file === undefined) return TorNetwork.start(options);
  return TorNetwork.attach(JSON.parse(readFileSync(file, 'utf8')) as LabDescription);
}
