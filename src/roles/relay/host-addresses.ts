import { lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import { type IpBytes, parseIp } from '../../base/ip/index.ts';
import type { HostAddresses } from './own-addresses.ts';

/** Asks the operating system. */
export const systemAddresses: HostAddresses = {
  interfaces: () =>
    Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter((one) => !one.internal)
      .flatMap((one) => parseIp(one.address) ?? []),
  resolve: async (hostName) => {
    try {
      const found = await lookup(hostName ?? hostname(), { all: true });
      return found.flatMap(({ address }): IpBytes[] => {
        const parsed = parseIp(address);
        return parsed === undefined ? [] : [parsed];
      });
    } catch {
      return [];
    }
  },
};
