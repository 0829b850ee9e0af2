import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { TorError } from '../../../base/errors/index.ts';

/** PidFile. Throws STORAGE_FAILED. Gives the function that removes it. */
export function writePidFile(path: string | undefined): () => void {
  if (path === undefined) return () => undefined;
  try {
    const isNew = !existsSync(path);
    writeFileSync(path, `${process.pid}\n`);
    // Others may read it, whatever our umask is.
    if (isNew) chmodSync(path, 0o644);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TorError('STORAGE_FAILED', `Unable to write the PidFile "${path}": ${why}`, { cause });
  }
  return () => rmSync(path, { force: true });
}
