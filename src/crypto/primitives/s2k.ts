import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { concatBytes } from '../../base/bytes/index.ts';
import { RunningHash } from './digest.ts';
import { secretEqual } from './secret-equal.ts';

/** Length of an RFC 2440 specifier: 8 bytes of salt and the coded count. */
export const s2kSpecifierLength = 9;

/**
 * RFC 2440 iterated and salted string-to-key with SHA-1; `specifier` is salt(8) | count code(1). At most 65 MB are
 * hashed (count code 255). spec: control-spec 5.1
 */
export function s2kRfc2440(password: Uint8Array, specifier: Uint8Array): Uint8Array {
  const code = specifier[8] ?? 0;
  let left = (16 + (code & 15)) << ((code >> 4) + 6);
  const unit = concatBytes(specifier.subarray(0, 8), password);
  // Many copies per update: one call per unit would be slow for short passwords.
  const copies = Math.max(1, Math.min(Math.floor(4096 / unit.length), Math.ceil(left / unit.length)));
  const chunk = new Uint8Array(copies * unit.length);
  for (let i = 0; i < copies; i++) chunk.set(unit, i * unit.length);
  const running = new RunningHash('sha1');
  for (; left >= chunk.length; left -= chunk.length) running.update(chunk);
  return running.update(chunk.subarray(0, left)).digest();
}

/**
 * Whether `password` matches a HashedControlPassword value without its `16:`, decoded: the bare RFC 2440 form
 * (9 + 20 bytes), or a type byte (0 RFC 2440, 1 PBKDF2, 2 scrypt), specifier and key, as C tor also takes it. Anything
 * else matches nothing.
 */
export function s2kMatches(password: Uint8Array, specifierAndKey: Uint8Array): boolean {
  const bareForm = specifierAndKey.length === 29;
  const type = bareForm ? 0 : specifierAndKey[0];
  const body = bareForm ? specifierAndKey : specifierAndKey.subarray(1);
  if (type === 0 && body.length === 9 + 20) return matches(body, 9, (spec) => s2kRfc2440(password, spec));
  if (type === 1 && body.length === 17 + 20) return matches(body, 17, (spec) => s2kPbkdf2(password, spec));
  if (type === 2 && body.length === 18 + 32) return matches(body, 18, (spec) => s2kScrypt(password, spec));
  return false;
}

function matches(body: Uint8Array, specLength: number, derive: (spec: Uint8Array) => Uint8Array | undefined): boolean {
  const key = derive(body.subarray(0, specLength));
  return key !== undefined && secretEqual(key, body.subarray(specLength));
}

/** Salt (16) and the logarithm of the iteration count. */
function s2kPbkdf2(password: Uint8Array, spec: Uint8Array): Uint8Array | undefined {
  const log = spec[16] ?? 0;
  if (log > 24) return undefined;
  return new Uint8Array(pbkdf2Sync(password, spec.subarray(0, 16), 2 ** log, 20, 'sha1'));
}

/** Salt (16), the logarithm of N, and those of r and p in the halves of one byte. */
function s2kScrypt(password: Uint8Array, spec: Uint8Array): Uint8Array | undefined {
  const log = spec[16] ?? 0;
  const r = 2 ** ((spec[17] ?? 0) >> 4);
  const p = 2 ** ((spec[17] ?? 0) & 15);
  const memory = 128 * 2 ** log * r;
  if (log < 1 || memory * p > 2 ** 28) return undefined;
  return new Uint8Array(
    scryptSync(password, spec.subarray(0, 16), 32, { N: 2 ** log, r, p, maxmem: memory * 2 + 2 ** 20 }),
  );
}
