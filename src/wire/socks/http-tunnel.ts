import { concatBytes, fromBase64, fromLatin1, latin1 } from '../../base/bytes/index.ts';
import { isLoopbackIp, parseIp, parseIpv6 } from '../../base/ip/index.ts';
import { maxHostnameBytes } from './codes.ts';
import { isValidDestination } from './destination.ts';
import { endReasonToHttp, streamReasonName } from './end-reasons.ts';
import { notAFullHttpProxyPage } from './http-pages.ts';
import { HandshakeInput } from './input.ts';
import type { ProxyAuth, ProxyHandshake, ProxyRefusal, ProxyStep } from './request.ts';

/** Request line and headers together, with the empty line. */
export const maxHttpHeaderBytes = 8192;

const empty = new Uint8Array(0);
const capabilities = 'Tor-Capabilities: \r\n';
const isolationDelimiter = Uint8Array.of(0x01, 0xff, 0x01, 0xff);
const endOfHeaders = [13, 10, 13, 10];

/**
 * The proxy's side of HTTP CONNECT, one per connection, without I/O. spec: http-connect (proposal 365).
 *
 * Unlike C tor, which throws away what comes in together with the headers, this hands it over as the stream's first
 * bytes.
 */
export class HttpTunnelServer implements ProxyHandshake {
  readonly #product: string;
  readonly #input = new HandshakeInput();
  #searched = 0;
  #finished = false;

  /** `product` is told in `Via` and `Server`, such as `tropea 1.0.0`. */
  constructor(options: { readonly product: string }) {
    this.#product = options.product;
  }

  push(chunk: Uint8Array): ProxyStep {
    if (this.#finished) return { status: 'more', reply: empty };
    this.#input.push(chunk);
    const end = this.#findEnd();
    if (end === undefined) {
      if (this.#input.length <= maxHttpHeaderBytes) return { status: 'more', reply: empty };
      return this.#refuse('too-long', 'HTTP tunnel error: headers too long.');
    }
    if (end >= maxHttpHeaderBytes) return this.#refuse('too-long', 'HTTP tunnel error: headers too long.');
    return this.#request(latin1(this.#input.take(end) as Uint8Array));
  }

  #findEnd(): number | undefined {
    const last = Math.min(this.#input.length, maxHttpHeaderBytes + 4) - 4;
    for (let i = this.#searched; i <= last; i++) {
      if (endOfHeaders.every((byte, k) => this.#input.at(i + k) === byte)) return i + 4;
    }
    this.#searched = Math.max(0, last + 1);
    return undefined;
  }

  #request(head: string): ProxyStep {
    const line = /^[ \t]*([^ \t\r\n]+)[ \t]+([^ \t\r\n]+)[ \t]*HTTP\/1\.[0-9]+\r\n/.exec(head);
    if (line === null) return this.#refuse('malformed', 'HTTP tunnel error: unparseable request line.');
    const command = (line[1] as string).toUpperCase();
    if (command !== 'CONNECT') return this.#notConnect(command, head);
    const target = splitTarget(line[2] as string);
    if (target === undefined || target.address.includes('\0')) {
      return this.#badRequest('400 Bad Request', 'bad-hostname', 'HTTP tunnel error: unparseable target.');
    }
    const { address, port } = target;
    if (address.length > maxHostnameBytes) {
      return this.#badRequest('414 Request-URI Too Long', 'too-long', 'HTTP tunnel error: target too long.');
    }
    if (header(head, 'Tor-RPC-Target') !== undefined) {
      const text = 'HTTP tunnel error: RPC is not supported.';
      return this.#badRequest('501 Not implemented (No RPC Support)', 'rpc-not-supported', text);
    }
    if (!isValidDestination(address)) {
      return this.#badRequest('400 Bad Request', 'bad-hostname', 'HTTP tunnel error: malformed hostname.');
    }
    this.#finished = true;
    const auth = isolationOf(head);
    const request = {
      protocol: 'http-connect',
      command: 'connect',
      address,
      port,
      addressIsIp: parseIp(address) !== undefined,
    } as const;
    const remainder = this.#input.takeRest();
    return { status: 'request', reply: empty, request: auth === undefined ? request : { ...request, auth }, remainder };
  }

  /** Only a page on this machine gets an answer: silence is what a DNS rebinding attack deserves. */
  #notConnect(command: string, head: string): ProxyStep {
    const text = `HTTP tunnel error: ${command} is not CONNECT.`;
    if (!isLocalHost(header(head, 'Host'))) return this.#refuse('not-connect', text);
    const fixed = `${capabilities}Server: tor/1.0 (${this.#product})\r\n`;
    if (command === 'OPTIONS') {
      return this.#refuse('not-connect', text, `HTTP/1.0 200 OK\r\nAllow: OPTIONS, CONNECT\r\n${fixed}\r\n`);
    }
    const type = 'Content-Type: text/html; charset=iso-8859-1\r\n';
    return this.#refuse(
      'not-connect',
      text,
      `HTTP/1.0 405 Method Not Allowed\r\n${type}${fixed}\r\n${notAFullHttpProxyPage()}`,
    );
  }

  #badRequest(status: string, refusal: ProxyRefusal, message: string): ProxyStep {
    return this.#refuse(refusal, message, `HTTP/1.0 ${status}\r\n${capabilities}${via(this.#product)}\r\n`);
  }

  #refuse(refusal: ProxyRefusal, message: string, reply = ''): ProxyStep {
    this.#finished = true;
    const firstBytes = this.#input.peek(8).slice();
    this.#input.takeRest();
    return { status: 'refused', reply: fromLatin1(reply), refusal, message, domain: 'app', firstBytes };
  }
}

const via = (product: string): string => `Via: tor/1.0 tor-network (${product})\r\n`;

/** The answer to a CONNECT; reason 0 is success. spec: proposal 365 */
export function encodeHttpTunnelReply(reason: number, options: { readonly product: string }): Uint8Array {
  const name = reason === 0 ? undefined : streamReasonName(reason);
  // Reasons above 255 arose here; the others came from the far end.
  const failed = name === undefined ? '' : `Tor-Request-Failed: ${reason < 256 ? 'end' : 'c-tor'}/${name}\r\n`;
  return fromLatin1(`HTTP/1.0 ${endReasonToHttp(reason)}\r\n${capabilities}${via(options.product)}${failed}\r\n`);
}

/** The first header of that name. Names are compared without regard to case; a space after the colon is required. */
function header(head: string, name: string): string | undefined {
  const wanted = `\n${name.toLowerCase()}: `;
  const at = head.toLowerCase().indexOf(wanted);
  if (at === -1) return undefined;
  const start = at + wanted.length;
  return head.slice(start, head.indexOf('\r', start));
}

function splitTarget(text: string): { address: string; port: number } | undefined {
  if (parseIpv6(text) !== undefined) return { address: text, port: 0 };
  const colon = text.lastIndexOf(':');
  if (colon === -1 || text.endsWith(']')) return { address: text, port: 0 };
  const digits = text.slice(colon + 1);
  const port = /^[0-9]{1,10}$/.test(digits) ? Number(digits) : 0;
  return port < 1 || port > 65535 ? undefined : { address: text.slice(0, colon), port };
}

function isLocalHost(host: string | undefined): boolean {
  const target = host === undefined ? undefined : splitTarget(host.trim());
  if (target === undefined) return false;
  const ip = parseIp(target.address);
  return ip === undefined ? target.address.toLowerCase() === 'localhost' : isLoopbackIp(ip);
}

/** Isolation reads these headers as opaque text: whoever wants two streams apart sends two values. */
function isolationOf(head: string): ProxyAuth | undefined {
  const authorization = header(head, 'Proxy-Authorization');
  const isolation = header(head, 'Tor-Stream-Isolation');
  const legacy = header(head, 'X-Tor-Stream-Isolation');
  if (authorization === undefined && isolation === undefined && legacy === undefined) return undefined;
  const both = isolation !== undefined || legacy !== undefined;
  return {
    username: fromLatin1(authorization ?? ''),
    password: both ? concatBytes(fromLatin1(isolation ?? ''), isolationDelimiter, fromLatin1(legacy ?? '')) : empty,
  };
}

/** True unless the header is `Basic` with user name `tor`: C tor warns of the old ways. */
export function isLegacyProxyAuthorization(value: Uint8Array): boolean {
  const match = /^\s*basic\s+(\S+)\s*$/i.exec(latin1(value));
  if (match === null) return true;
  try {
    return !latin1(fromBase64(match[1] as string)).startsWith('tor:');
  } catch {
    return true;
  }
}
