import { concatBytes, latin1 } from '../../base/bytes/index.ts';
import { formatIp, formatIpHost, parseIp } from '../../base/ip/index.ts';
import { maxHostnameBytes, maxSocksMessageBytes, SocksCommand, SocksMethod, SocksStatus } from './codes.ts';
import { isValidDestination } from './destination.ts';
import { notAnHttpProxyPage } from './http-pages.ts';
import { HandshakeInput } from './input.ts';
import { encodeSocksReply } from './reply.ts';
import type { ProxyAuth, ProxyCommand, ProxyHandshake, ProxyRefusal, ProxyRequest, ProxyStep } from './request.ts';

export interface SocksServerOptions {
  /** `PreferSOCKSNoAuth`: choose no authentication when the application offers both. */
  readonly preferNoAuth?: boolean;
  /** The family of the application's own connection decides the shape of SOCKS5 replies. */
  readonly clientIsIpv4?: boolean;
}

type State = 'start' | 'auth' | 'request' | 'finished';
/** undefined: the message is not all there yet. */
type Outcome = ProxyStep | 'again' | undefined;

const empty = new Uint8Array(0);
const extendedAuthPrefix = '<torS0X>';

/**
 * The proxy's side of SOCKS 4, 4a and 5 with Tor's RESOLVE commands, one per connection, without I/O.
 * spec: RFC 1928, RFC 1929, socks-extensions.
 *
 * Where C tor keeps only the last reply of a pipelined handshake, this sends each one, and it reads user name and
 * password of full length (C tor waits for ever on a message of more than 512 bytes).
 */
export class SocksServer implements ProxyHandshake {
  readonly #options: SocksServerOptions;
  readonly #input = new HandshakeInput();
  #state: State = 'start';
  #method: number = SocksMethod.noAuth;
  #auth: ProxyAuth | undefined;
  #replies: Uint8Array[] = [];

  constructor(options: SocksServerOptions = {}) {
    this.#options = options;
  }

  push(chunk: Uint8Array): ProxyStep {
    this.#input.push(chunk);
    this.#replies = [];
    while (this.#input.length >= 2 && this.#state !== 'finished') {
      const outcome = this.#message();
      if (outcome === 'again') continue;
      if (outcome !== undefined) return outcome;
      if (this.#input.length >= maxSocksMessageBytes) {
        return this.#refuse('too-long', 'SOCKS message is too long.', this.#failure(SocksStatus.generalFailure));
      }
      break;
    }
    return { status: 'more', reply: concatBytes(...this.#replies) };
  }

  #message(): Outcome {
    const first = this.#input.at(0);
    switch (this.#state) {
      case 'start':
        if (first === 5) return this.#greeting();
        if (first === 4) return this.#socks4();
        return this.#unknownVersion(first ?? 0);
      case 'auth':
        return this.#userPass();
      case 'request':
        // Applications may authenticate although they were told they need not.
        if (first === 1 && this.#auth === undefined) return this.#userPass();
        return this.#socks5Request();
      default:
        return undefined;
    }
  }

  /** start -> auth | request */
  #greeting(): Outcome {
    const count = this.#input.at(1) ?? 0;
    const message = this.#input.take(2 + count);
    if (message === undefined) return undefined;
    const methods = message.subarray(2);
    const userPass = methods.includes(SocksMethod.userPass);
    const noAuth = methods.includes(SocksMethod.noAuth);
    if (userPass && !(noAuth && this.#options.preferNoAuth === true)) this.#method = SocksMethod.userPass;
    else if (noAuth) this.#method = SocksMethod.noAuth;
    else {
      const text = "socks5: offered methods don't include 'no auth' or username/password. Rejecting.";
      return this.#refuse('no-acceptable-method', text, Uint8Array.of(5, SocksMethod.none));
    }
    this.#replies.push(Uint8Array.of(5, this.#method));
    this.#state = this.#method === SocksMethod.userPass ? 'auth' : 'request';
    return 'again';
  }

  /** auth | request -> request. Empty names and passwords are taken, against RFC 1929, as C tor takes them. */
  #userPass(): Outcome {
    if (this.#input.at(0) !== 1) {
      const text = 'socks5: parsing failed - invalid user/pass authentication message.';
      return this.#refuse('malformed', text, this.#failure(SocksStatus.generalFailure));
    }
    const nameLength = this.#input.at(1) ?? 0;
    const passwordLength = this.#input.at(2 + nameLength);
    if (passwordLength === undefined) return undefined;
    const message = this.#input.take(3 + nameLength + passwordLength);
    if (message === undefined) return undefined;
    const username = message.slice(2, 2 + nameLength);
    const name = latin1(username);
    if (name.startsWith(extendedAuthPrefix) && name !== `${extendedAuthPrefix}0`) {
      const text = 'socks5: user name asks for an extension that is not supported. Rejecting.';
      return this.#refuse('unknown-extension', text, this.#failure(SocksStatus.generalFailure));
    }
    this.#auth = { username, password: message.slice(3 + nameLength) };
    this.#replies.push(Uint8Array.of(1, 0));
    this.#state = 'request';
    return 'again';
  }

  /** request -> finished */
  #socks5Request(): Outcome {
    const input = this.#input;
    const malformed = (): ProxyStep =>
      this.#refuse(
        'malformed',
        'socks5: parsing failed - invalid client request',
        this.#failure(SocksStatus.generalFailure),
      );
    if (input.at(0) !== 5) return malformed();
    if (input.length < 4) return undefined;
    const commandByte = input.at(1) as number;
    if (!isKnownCommand(commandByte, true) || input.at(2) !== 0) return malformed();
    const type = input.at(3);
    // C tor says "general failure", not "address type not supported".
    if (type !== 1 && type !== 3 && type !== 4) return malformed();
    const addressLength = type === 1 ? 4 : type === 4 ? 16 : input.at(4);
    if (addressLength === undefined) return undefined;
    const start = type === 3 ? 5 : 4;
    const message = input.take(start + addressLength + 2);
    if (message === undefined) return undefined;
    const raw = message.subarray(start, start + addressLength);
    const port = ((message[start + addressLength] as number) << 8) | (message[start + addressLength + 1] as number);
    const address = type === 3 ? untilNul(raw) : formatIpHost(raw);
    return this.#finish5(commandByte, address, port, type !== 3);
  }

  #finish5(commandByte: number, address: string, port: number, addressIsIp: boolean): ProxyStep {
    const command = commandOf(commandByte);
    if (command === undefined) {
      const text = `socks5: command ${commandByte} not recognized. Rejecting.`;
      return this.#refuse('bad-command', text, this.#failure(SocksStatus.commandNotSupported));
    }
    if (command === 'resolve-ptr' && parseIp(address) === undefined) {
      const text = 'socks5 received RESOLVE_PTR command with a malformed address. Rejecting.';
      return this.#refuse('bad-address-type', text, this.#failure(SocksStatus.addressTypeNotSupported));
    }
    if (!isValidDestination(address)) {
      return this.#badHostname('socks5', port, this.#failure(SocksStatus.generalFailure));
    }
    return this.#accept({ protocol: 'socks5', command, address, port, addressIsIp });
  }

  /** start -> finished */
  #socks4(): Outcome {
    const input = this.#input;
    const rejected = encodeSocksReply('socks4', SocksStatus.generalFailure);
    if (input.length < 8) return undefined;
    const head = input.peek(8);
    const commandByte = head[1] as number;
    if (!isKnownCommand(commandByte, false)) {
      return this.#refuse('malformed', 'socks4: parsing failed - invalid request.', rejected);
    }
    const is4a = head[4] === 0 && head[5] === 0 && head[6] === 0 && head[7] !== 0;
    const userEnd = input.indexOf(0, 8, maxSocksMessageBytes);
    if (userEnd === undefined) return undefined;
    const end = is4a ? input.indexOf(0, userEnd + 1, maxSocksMessageBytes) : userEnd;
    if (end === undefined) return undefined;
    const message = input.take(end + 1) as Uint8Array;
    const port = ((head[2] as number) << 8) | (head[3] as number);
    if ((port === 0 && commandByte !== SocksCommand.resolve) || head.subarray(4).every((byte) => byte === 0)) {
      return this.#refuse('malformed', 'socks4: Port or DestIP is zero. Rejecting.', rejected);
    }
    if (userEnd > 8) this.#auth = { username: message.slice(8, userEnd), password: empty };
    const command = commandOf(commandByte);
    if (command === undefined || command === 'resolve-ptr') {
      return this.#refuse('bad-command', `socks4: command ${commandByte} not recognized. Rejecting.`, rejected);
    }
    const name = message.subarray(userEnd + 1, end);
    if (name.length > maxHostnameBytes) {
      return this.#refuse('too-long', 'socks4: Destaddr too long. Rejecting.', rejected);
    }
    const address = is4a ? latin1(name) : formatIp(head.subarray(4));
    if (!isValidDestination(address)) return this.#badHostname('socks4', port, rejected);
    return this.#accept({ protocol: 'socks4', command, address, port, addressIsIp: !is4a });
  }

  #unknownVersion(first: number): ProxyStep {
    const text =
      `Socks version ${first} not recognized. ` +
      '(This port is not an HTTP proxy; did you want to use HTTPTunnelPort?)';
    // GET, HEAD, PUT, POST or CONNECT: somebody set this port as an HTTP proxy.
    const isHttp = 'GHPC'.includes(String.fromCharCode(first));
    return this.#refuse('unknown-version', text, isHttp ? notAnHttpProxyPage() : empty);
  }

  #badHostname(protocol: string, port: number, reply: Uint8Array): ProxyStep {
    const text =
      `Your application (using ${protocol} to port ${port}) gave Tor a malformed hostname. ` +
      'Rejecting the connection.';
    return this.#refuse('bad-hostname', text, reply, 'protocol');
  }

  #failure(status: SocksStatus): Uint8Array {
    return encodeSocksReply('socks5', status, { clientIsIpv4: this.#options.clientIsIpv4 ?? true });
  }

  #accept(request: ProxyRequest): ProxyStep {
    this.#state = 'finished';
    const remainder = this.#input.takeRest();
    const full = this.#auth === undefined ? request : { ...request, auth: this.#auth };
    return { status: 'request', reply: concatBytes(...this.#replies), request: full, remainder };
  }

  #refuse(refusal: ProxyRefusal, message: string, reply: Uint8Array, domain: 'app' | 'protocol' = 'app'): ProxyStep {
    this.#state = 'finished';
    const firstBytes = this.#input.peek(8).slice();
    this.#input.takeRest();
    return { status: 'refused', reply: concatBytes(...this.#replies, reply), refusal, message, domain, firstBytes };
  }
}

/** A name is cut at its first zero byte, as C tor's string copy does. */
function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return latin1(end === -1 ? bytes : bytes.subarray(0, end));
}

function isKnownCommand(byte: number, udp: boolean): boolean {
  return commandOf(byte) !== undefined || byte === SocksCommand.bind || (udp && byte === SocksCommand.udpAssociate);
}

function commandOf(byte: number): ProxyCommand | undefined {
  if (byte === SocksCommand.connect) return 'connect';
  if (byte === SocksCommand.resolve) return 'resolve';
  if (byte === SocksCommand.resolvePtr) return 'resolve-ptr';
  return undefined;
}
