import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientOptions, Lab, LabNode } from '../../../src/app/lab/index.ts';

/** More bytes, more rounds: what takes too long for every run. */
export const thorough = process.env.TROPEA_TEST_THOROUGH !== undefined;

/** A client of ours in the network. Tests that must know nothing of the program inside use only this. */
export function tropeaClient(
  net: Lab,
  options: ClientOptions & { readonly bootstrap?: boolean } = {},
): Promise<LabNode> {
  return net.addClient({ implementation: 'tropea', ...options });
}

/** The same seat with C tor in it. */
export function torClient(net: Lab, options: ClientOptions = {}): Promise<LabNode> {
  return net.addClient({ implementation: 'tor', ...options });
}

export const scratch = (net: Lab, name: string): Promise<string> => mkdtemp(join(net.folder, `${name}-`));
