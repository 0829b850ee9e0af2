import { VersionOrder } from '../compute/tor-version.ts';

/** Versions with commas or spaces between, in order and without doubles. */
export function formatVersionList(text: string): string {
  const order = new VersionOrder();
  const versions = text.split(/[,\s]+/).filter((version) => version !== '');
  versions.sort(order.compare);
  return versions.filter((version, i) => i === 0 || order.compare(versions[i - 1] as string, version) !== 0).join(',');
}
