import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import { commandOf, type Implementation } from './implementation.ts';
import { runToEnd } from './run-to-end.ts';

export interface AuthorityIdentity {
  /** SHA-1 of the v3 identity key, base16. */
  readonly v3Identity: string;
  /** SHA-1 of the relay identity key, base16. */
  readonly fingerprint: string;
}

/** Makes the keys of an authority in its data directory before it starts, since all torrc files name its fingerprints. */
export async function makeAuthorityKeys(input: {
  readonly implementation: Implementation;
  readonly name: string;
  readonly dataDirectory: string;
  readonly address: string;
  readonly orPort: number;
  readonly dirPort: number;
}): Promise<AuthorityIdentity> {
  const keys = join(input.dataDirectory, 'keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  const torrcFile = join(input.dataDirectory, '..', 'torrc.keys');
  await writeFile(torrcFile, 'SocksPort 0\n');
  const certificate = runToEnd(
    [
      'tor-gencert',
      '--create-identity-key',
      '--passphrase-fd',
      '0',
      '-m',
      '12',
      '-a',
      `${input.address}:${input.dirPort}`,
    ],
    { cwd: keys, input: 'passphrase\n' },
  ).then(() => readFile(join(keys, 'authority_certificate'), 'latin1'));
  const listed = runToEnd(
    [
      ...commandOf(input.implementation),
      ...['--list-fingerprint', '--quiet', '-f', torrcFile],
      ...['--DataDirectory', input.dataDirectory, '--ORPort', `${input.address}:${input.orPort}`],
      ...['--Nickname', input.name],
    ],
    { cwd: input.dataDirectory },
  );
  const [certificateText, list] = await Promise.all([certificate, listed]);
  const v3Identity = /^fingerprint ([0-9A-F]{40})$/m.exec(certificateText)?.[1];
  const fingerprint = /((?: [0-9A-F]{4}){10})/.exec(list)?.[1]?.replaceAll(' ', '');
  if (v3Identity === undefined || fingerprint === undefined)
    throw new TorError('LAB_FAILED', `No keys came out for ${input.name}.`);
  return { v3Identity, fingerprint };
}
