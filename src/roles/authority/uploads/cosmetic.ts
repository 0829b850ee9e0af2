import { bytesEqual } from '../../../base/bytes/index.ts';
import type { AddressPort, ServerDescriptor } from '../../../wire/netdoc/index.ts';

const maxTimeApartMs = 2 * 3600_000;
const uptimeDriftSec = 6 * 3600;

/** Whether a newer descriptor tells nothing worth a change of the consensus. */
export function differsOnlyCosmetically(a: ServerDescriptor, b: ServerDescriptor): boolean {
  const [older, newer] = a.publishedMs > b.publishedMs ? [b, a] : [a, b];
  return (
    sameAddresses(older, newer) &&
    sameText(older.nickname, newer.nickname) &&
    sameText(older.platform, newer.platform) &&
    sameOptional(older.contact, newer.contact) &&
    sameOptionalBytes(older.onionKey?.der, newer.onionKey?.der) &&
    bytesEqual(older.identityKey.der, newer.identityKey.der) &&
    older.hibernating === newer.hibernating &&
    JSON.stringify(plainPolicy(older)) === JSON.stringify(plainPolicy(newer)) &&
    older.tunnelledDirServer === newer.tunnelledDirServer &&
    older.family.length === newer.family.length &&
    older.family.every((name, i) => sameText(name, newer.family[i] as string)) &&
    older.bandwidthObserved >= Math.floor(newer.bandwidthObserved / 2) &&
    newer.bandwidthObserved >= Math.floor(older.bandwidthObserved / 2) &&
    older.bandwidthRate === newer.bandwidthRate &&
    older.bandwidthBurst === newer.bandwidthBurst &&
    older.publishedMs + maxTimeApartMs >= newer.publishedMs &&
    sameUptime(older, newer)
  );
}

const sameText = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const sameOptional = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameText(a, b);
const sameOptionalBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : bytesEqual(a, b);

/** Whether two descriptors are for the same places: else reachability is tested anew. */
export function sameAddresses(a: ServerDescriptor, b: ServerDescriptor): boolean {
  return (
    bytesEqual(a.address, b.address) && a.orPort === b.orPort && a.dirPort === b.dirPort && samePlace(a.ipv6, b.ipv6)
  );
}

const samePlace = (a: AddressPort | undefined, b: AddressPort | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.port === b.port && bytesEqual(a.address, b.address);

const plainPolicy = (descriptor: ServerDescriptor): unknown =>
  descriptor.exitPolicy.map((rule) => [
    rule.accept,
    rule.lowPort,
    rule.highPort,
    rule.address.kind === 'net' ? [...rule.address.address, rule.address.bits] : rule.address.kind,
  ]);

/** The uptime grew with the time between them, give or take. */
function sameUptime(older: ServerDescriptor, newer: ServerDescriptor): boolean {
  const [before, after] = [older.uptimeSec ?? 0, newer.uptimeSec ?? 0];
  const drift = Math.abs(after - (before + (newer.publishedMs - older.publishedMs) / 1000));
  return drift <= uptimeDriftSec || drift <= before * 0.05 || drift <= after * 0.05;
}
