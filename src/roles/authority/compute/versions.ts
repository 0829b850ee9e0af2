import { frequentMembers } from './statistics.ts';
import { VersionOrder } from './tor-version.ts';

/**
 * The versions that more than half of the authorities recommend, of those that recommend any. `lists` are the
 * `client-versions` or `server-versions` lines of the votes.
 */
export function computeVersions(lists: readonly (string | undefined)[]): string {
  const order = new VersionOrder();
  const voting = lists.filter((list) => list !== undefined);
  const all = voting.flatMap((list) => {
    const versions = list
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
    versions.sort(order.compare);
    return versions.filter((version, i) => i === 0 || order.compare(versions[i - 1] as string, version) !== 0);
  });
  all.sort(order.compare);
  return frequentMembers(all, Math.floor(voting.length / 2)).join(',');
}
