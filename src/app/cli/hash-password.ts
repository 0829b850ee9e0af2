import { base16Upper, concatBytes, fromUtf8 } from '../../base/bytes/index.ts';
import { nodeRuntime } from '../../base/runtime/index.ts';
import { s2kRfc2440, s2kSpecifierLength } from '../../crypto/primitives/index.ts';
import type { ExitCode, ProgramIo } from './program.ts';

/** C tor's count code: 64 KiB are hashed. */
const countCode = 96;

/** A value for HashedControlPassword. spec: control-spec 5.1 */
export function hashPassword(password: string, io: ProgramIo): ExitCode {
  const salt = nodeRuntime.random.bytes(s2kSpecifierLength - 1);
  const specifier = concatBytes(salt, Uint8Array.of(countCode));
  io.stdout(`16:${base16Upper(concatBytes(specifier, s2kRfc2440(fromUtf8(password), specifier)))}\n`);
  return 0;
}
