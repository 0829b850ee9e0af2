import { after, before, describe, it } from 'node:test';
import type { Lab } from '../../src/app/lab/index.ts';
import { FloodedServices } from './support/flooded-services.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { thorough } from './support/tropea.ts';

/** The same at introduction points of ours: relay-onion.test.ts. */
describe('introductions in a flood, at introduction points of C tor', {
  skip: thorough ? false : 'takes minutes',
}, () => {
  let net: Lab;
  let services: FloodedServices;

  before(async () => {
    net = await sharedNetwork();
    services = await FloodedServices.start(net);
  });
  after(async () => {
    await services?.close();
    await net.stop();
  });

  it('no more than it asked for reach a service of C tor, and others get through', async () => {
    await services.flood('C tor at C tor', await services.tor('floodedTor'));
  });

  it('no more than it asked for reach a service of Tropea, and others get through', async () => {
    await services.flood('Tropea at C tor', await services.tropea('floodedTropea'));
  });
});
