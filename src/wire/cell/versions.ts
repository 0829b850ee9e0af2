import { Reader, Writer } from '../../base/bytes/index.ts';

/** Link protocol versions, two bytes each. spec: tor-spec 4 */
export function encodeVersions(versions: readonly number[]): Uint8Array {
  const writer = new Writer(versions.length * 2);
  for (const version of versions) writer.u16(version);
  return writer.finish();
}

/** Versions as listed, unknown ones included. Throws TRUNCATED when the length is odd. */
export function decodeVersions(body: Uint8Array): number[] {
  const reader = new Reader(body);
  const versions: number[] = [];
  while (reader.remaining > 0) versions.push(reader.u16());
  return versions;
}
