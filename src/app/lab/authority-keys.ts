import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base16Upper } from '../../base/bytes/index.ts';
import { parseIpv4 } from '../../base/ip/index.ts';
import type { Runtime } from '../../base/runtime/index.ts';
import { RsaPrivateKey } from '../../crypto/primitives/index.ts';
import { makeAuthorityKeys } from '../../roles/authority/index.ts';

const bits = 1024;

export interface AuthorityIdentity {
  /** SHA-1 of the v3 identity key, base16. */
  readonly v3Identity: string;
  /** SHA-1 of the relay identity key, base16. */
  readonly fingerprint: string;
}

/**
 * Makes the keys of an authority in its data directory before it starts, since all torrc files name its fingerprints.
 * The identity key of the voter, which only renews the certificate, is not kept.
 */
export async function writeAuthorityKeys(
  { clock }: Runtime,
  input: { readonly dataDirectory: string; readonly address: string; readonly dirPort: number },
): Promise<AuthorityIdentity> {
  const folder = join(input.dataDirectory, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const address = parseIpv4(input.address);
  const [voter, relay] = await Promise.all([
    makeAuthorityKeys(
      {
        passphrase: 'lab',
        dirAddress: address === undefined ? undefined : { address, port: input.dirPort },
        // Nobody attacks a lab, and keys of full length take a second of its start each.
        bits: { identity: bits, signing: bits },
      },
      clock,
    ),
    RsaPrivateKey.generate(bits),
  ]);
  await Promise.all([
    writeFile(join(folder, 'authority_signing_key'), voter.signingKey, { mode: 0o600 }),
    writeFile(join(folder, 'authority_certificate'), voter.certificate),
    writeFile(join(folder, 'secret_id_key'), relay.toPem(), { mode: 0o600 }),
  ]);
  return { v3Identity: base16Upper(voter.identity), fingerprint: base16Upper(relay.publicKey.fingerprint) };
}
