import { base16Upper, concatBytes, fromBase16, fromBase64, fromUtf8 } from '../../base/bytes/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { hmacSha256, s2kMatches, secretEqual } from '../../crypto/primitives/index.ts';
import { parseArguments } from '../../wire/control/index.ts';
import { quote, type TorOptions } from '../../wire/torrc/index.ts';
import type { AuthCookie } from './cookie.ts';
import { refuse } from './failure.ts';

const serverKey = fromUtf8('Tor safe cookie authentication server-to-controller hash');
const clientKey = fromUtf8('Tor safe cookie authentication controller-to-server hash');
const serverNonceLength = 32;

export interface AuthenticationDeps {
  readonly options: () => TorOptions;
  readonly cookie: () => AuthCookie | undefined;
  readonly random: Random;
}

/** One connection's way in. spec: control-spec 3.5, 3.24, 5.1 */
export class Authentication {
  readonly #deps: AuthenticationDeps;
  #expectedHash: Uint8Array | undefined;

  constructor(deps: AuthenticationDeps) {
    this.#deps = deps;
  }

  /** The `METHODS` of PROTOCOLINFO. */
  methods(): string {
    const cookie = this.#deps.cookie() !== undefined;
    const passwords = this.#passwords().length > 0;
    const names = [
      ...(cookie ? ['COOKIE', 'SAFECOOKIE'] : []),
      ...(passwords ? ['HASHEDPASSWORD'] : []),
      ...(cookie || passwords ? [] : ['NULL']),
    ];
    const file = this.#deps.cookie()?.path;
    return `METHODS=${names.join(',')}${file === undefined ? '' : ` COOKIEFILE=${quote(file)}`}`;
  }

  /** AUTHCHALLENGE: the reply. Throws ControlFailure, and the connection is to be closed then. */
  challenge(rest: string): string {
    const [method, nonce, ...more] = parseArguments(rest);
    if (method?.value.toUpperCase() !== 'SAFECOOKIE') {
      refuse(513, 'AUTHCHALLENGE only supports SAFECOOKIE authentication');
    }
    const cookie = this.#deps.cookie() ?? refuse(515, 'Cookie authentication is disabled');
    if (nonce === undefined || more.length > 0) refuse(512, 'Wrong number of arguments for AUTHCHALLENGE');
    const clientNonce = rest.includes('"')
      ? fromUtf8(nonce.value)
      : hexOr(513, 'Invalid base16 client nonce', nonce.value);
    const serverNonce = this.#deps.random.bytes(serverNonceLength);
    const message = concatBytes(cookie.value, clientNonce, serverNonce);
    this.#expectedHash = hmacSha256(clientKey, message);
    const serverHash = base16Upper(hmacSha256(serverKey, message));
    return `AUTHCHALLENGE SERVERHASH=${serverHash} SERVERNONCE=${base16Upper(serverNonce)}`;
  }

  /** AUTHENTICATE. Throws ControlFailure, and the connection is to be closed then. */
  check(rest: string): void {
    const given = readPassword(rest);
    if (this.#expectedHash !== undefined) {
      if (secretEqual(this.#expectedHash, given)) return;
      refuse(515, 'Authentication failed: Safe cookie response did not match expected value.');
    }
    const cookie = this.#deps.cookie();
    const passwords = this.#passwords();
    if (cookie === undefined && passwords.length === 0) return;
    if (cookie !== undefined && given.length === cookie.value.length && secretEqual(cookie.value, given)) return;
    if (passwords.some((hashed) => s2kMatches(given, hashed))) return;
    refuse(515, `Authentication failed: ${whyNot(cookie !== undefined, passwords.length > 0, given.length)}`);
  }

  #passwords(): Uint8Array[] {
    const options = this.#deps.options();
    return [...options.lines('HashedControlPassword'), ...options.lines('__HashedControlSessionPassword')].map(
      (line) => (line.startsWith('16:') ? fromBase16(line.slice(3)) : fromBase64(line)),
    );
  }
}

function readPassword(rest: string): Uint8Array {
  const [first, ...more] = parseArguments(rest);
  if (first === undefined) return new Uint8Array();
  if (more.length > 0) refuse(512, 'Too many arguments to AUTHENTICATE.');
  if (first.key !== undefined) refuse(512, 'AUTHENTICATE does not accept keyword arguments.');
  if (rest.includes('"')) return fromUtf8(first.value);
  const problem =
    'Invalid hexadecimal encoding.  Maybe you tried a plain text password?  If so, the standard requires that you put ' +
    'it in double quotes.';
  return hexOr(551, problem, first.value);
}

function hexOr(code: number, problem: string, text: string): Uint8Array {
  return /^(?:[0-9a-fA-F]{2})*$/.test(text) ? fromBase16(text) : refuse(code, problem);
}

function whyNot(cookie: boolean, passwords: boolean, length: number): string {
  if (cookie && passwords) return 'Password did not match HashedControlPassword *or* authentication cookie.';
  if (passwords) return 'Password did not match HashedControlPassword value from configuration';
  if (length !== 32) return 'Wrong length on authentication cookie.';
  return 'Authentication cookie did not match expected value.';
}
