import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import type { TorOptions } from '../../wire/torrc/index.ts';

const cookieLength = 32;

/** The file whose content lets a controller in: made anew at each start. spec: control-spec 5.1 */
export class AuthCookie {
  readonly value: Uint8Array;
  readonly path: string;

  private constructor(path: string, value: Uint8Array) {
    this.path = path;
    this.value = value;
  }

  /** Throws STORAGE_FAILED. */
  static create(options: TorOptions, dataDirectory: string, random: Random): AuthCookie {
    const path = resolve(options.get('CookieAuthFile') ?? join(dataDirectory, 'control_auth_cookie'));
    const cookie = new AuthCookie(path, random.bytes(cookieLength));
    const mode = options.get('CookieAuthFileGroupReadable') ? 0o640 : 0o600;
    try {
      rmSync(path, { force: true });
      writeFileSync(path, cookie.value, { mode });
      chmodSync(path, mode);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TorError('STORAGE_FAILED', `Error writing auth cookie to ${path}: ${why}`, { cause });
    }
    return cookie;
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}
