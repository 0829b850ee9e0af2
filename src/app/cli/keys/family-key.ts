import { existsSync, writeFileSync } from 'node:fs';
import { base64Unpadded } from '../../../base/bytes/index.ts';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import { expandSeed } from '../../../crypto/primitives/index.ts';
import { formatTaggedFile } from '../../../network/storage/index.ts';
import type { ConfiguredRun } from '../configured-run.ts';
import type { ExitCode } from '../program.ts';

/** `NAME.secret_family_key` and `NAME.public_family_id`: what relays of one operator share. spec: prop 321 */
export function makeFamilyKey(name: string, { log, io }: ConfiguredRun): ExitCode {
  const keyFile = `${name}.secret_family_key`;
  if (existsSync(keyFile)) {
    log.warn('general', `Family key file '${keyFile}' already exists. Refusing to overwrite existing family key.`);
    return 1;
  }
  const key = expandSeed(nodeRuntime.random.bytes(32));
  const id = base64Unpadded(key.publicKey);
  try {
    writeFileSync(keyFile, formatTaggedFile('ed25519v1-secret', 'fmly-id', key.expanded), { mode: 0o600, flag: 'wx' });
    writeFileSync(`${name}.public_family_id`, `${id}\n`, { mode: 0o600 });
  } catch (error) {
    log.err('fs', `Can't write key to file: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  io.stdout(`# Generated ${keyFile}\nFamilyId ${id}\n`);
  return 0;
}
