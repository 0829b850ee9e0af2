import { appendFile, writeFile } from 'node:fs/promises';

/** Consensus parameters that belong to the file. */
export const evenWeightParams: Readonly<Record<string, number>> = { maxunmeasuredbw: 1 };

/** Authorities believe such a file for three days after its time, and a network may run for longer. */
const lifetimeMs = 365 * 24 * 3600_000;

/**
 * What the authorities of a network take for measured bandwidths: that all relays are alike. Without it the first relay
 * that has carried a kilobyte gets all traffic, since all others are rated at nothing. Authorities are never measured:
 * `evenWeightParams` keeps them from more than the others have.
 *
 * spec: bandwidth-file-spec
 */
export async function startBandwidthFile(path: string, nowMs: number): Promise<void> {
  await writeFile(path, `${Math.floor((nowMs + lifetimeMs) / 1000)}\nversion=1.0.0\n=====\n`);
}

export async function addToBandwidthFile(path: string, fingerprint: string): Promise<void> {
  await appendFile(path, `node_id=$${fingerprint} bw=1\n`);
}
