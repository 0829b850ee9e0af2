import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base32 } from '../../base/bytes/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { x25519KeyPair } from '../../crypto/primitives/index.ts';

export interface ClientKey {
  readonly name: string;
  /** X25519, base32 without padding. */
  readonly publicKey: string;
  readonly secretKey: string;
}

export interface OnionPort {
  readonly virtualPort: number;
  /** `address:port` */
  readonly target: string;
}

export interface OnionServiceDescription {
  /** 56 characters and `.onion`. */
  readonly hostname: string;
  readonly clients: readonly ClientKey[];
}

export function makeClientKey(name: string, random: Random): ClientKey {
  const { publicKey, secretKey } = x25519KeyPair(random);
  return { name, publicKey: base32(publicKey).toUpperCase(), secretKey: base32(secretKey).toUpperCase() };
}

/** Writes the files that allow the clients into a service's folder. */
export async function authorizeClients(serviceFolder: string, clients: readonly ClientKey[]): Promise<void> {
  const folder = join(serviceFolder, 'authorized_clients');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { name, publicKey } of clients) {
    await writeFile(join(folder, `${name}.auth`), `descriptor:x25519:${publicKey}\n`, { mode: 0o600 });
  }
}

/** In the folder of a service's node: what its clients need. */
export const clientAuthFolder = (nodeFolder: string): string => join(nodeFolder, 'clients');

/** Writes what a client's `ClientOnionAuthDir` needs to open the service's descriptor. */
export async function writeClientAuth(folder: string, hostname: string, client: ClientKey): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const line = `${hostname.replace(/\.onion$/, '')}:descriptor:x25519:${client.secretKey}\n`;
  await writeFile(join(folder, `${client.name}.auth_private`), line, { mode: 0o600 });
}
