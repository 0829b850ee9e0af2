import type { Lab } from '../../../src/app/lab/index.ts';
import { Tor, type TorStartOptions } from '../../../src/index.ts';

/** The library in a private network. */
export function torOf(net: Lab, dataDirectory: string, options: TorStartOptions = {}): Promise<Tor> {
  const torrc = ['TestingTorNetwork 1', 'PathsNeededToBuildCircuits 0.67', ...net.dirAuthorities];
  return Tor.start({ dataDirectory, network: { torrc }, ...options });
}
