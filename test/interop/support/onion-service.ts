import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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

const base32 = (bytes: Uint8Array): string => {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  const letters = bits.match(/.{1,5}/g) ?? [];
  return letters.map((part) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(part.padEnd(5, '0'), 2)]).join('');
};

export function makeClientKey(name: string): ClientKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const raw = (der: Buffer): string => base32(der.subarray(-32));
  return {
    name,
    publicKey: raw(publicKey.export({ type: 'spki', format: 'der' })),
    secretKey: raw(privateKey.export({ type: 'pkcs8', format: 'der' })),
  };
}

/** Writes the files that allow the clients into a service's folder. */
export async function authorizeClients(serviceFolder: string, clients: readonly ClientKey[]): Promise<void> {
  const folder = join(serviceFolder, 'authorized_clients');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { name, publicKey } of clients) {
    await writeFile(join(folder, `${name}.auth`), `descriptor:x25519:${publicKey}\n`, { mode: 0o600 });
  }
}

/** Writes what a client's `ClientOnionAuthDir` needs to open the service's descriptor. */
export async function writeClientAuth(folder: string, hostname: string, client: ClientKey): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const line = `${hostname.replace(/\.onion$/, '')}:descriptor:x25519:${client.secretKey}\n`;
  await writeFile(join(folder, `${client.name}.auth_private`), line, { mode: 0o600 });
}
