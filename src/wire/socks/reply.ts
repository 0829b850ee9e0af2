import type { IpBytes } from '../../base/ip/index.ts';
import { SocksStatus } from './codes.ts';

const socks4Granted = 0x5a;
const socks4Rejected = 0x5b;

export type ResolveReply =
  | { readonly kind: 'address'; readonly ip: IpBytes }
  | { readonly kind: 'hostname'; readonly name: Uint8Array };

/**
 * The reply to CONNECT. C tor never tells the bound address: it is all zero, of the family of the application's own
 * connection to the proxy.
 */
export function encodeSocksReply(
  protocol: 'socks4' | 'socks5',
  status: SocksStatus,
  options: { readonly clientIsIpv4?: boolean } = {},
): Uint8Array {
  if (protocol === 'socks4') {
    const reply = new Uint8Array(8);
    reply[1] = status === SocksStatus.succeeded ? socks4Granted : socks4Rejected;
    return reply;
  }
  const v4 = options.clientIsIpv4 ?? true;
  const reply = new Uint8Array(v4 ? 10 : 22);
  reply[0] = 5;
  reply[1] = status;
  reply[3] = v4 ? 1 : 4;
  return reply;
}

/** The reply to RESOLVE and RESOLVE_PTR; undefined means that nothing was found. spec: socks-extensions 2 */
export function encodeResolveReply(protocol: 'socks4' | 'socks5', answer: ResolveReply | undefined): Uint8Array {
  if (protocol === 'socks4') {
    const ok = answer?.kind === 'address' && answer.ip.length === 4;
    const reply = encodeSocksReply('socks4', ok ? SocksStatus.succeeded : SocksStatus.generalFailure);
    if (ok) reply.set(answer.ip, 4);
    return reply;
  }
  // Unlike every other reply, C tor's failed resolution has an address type of zero.
  if (answer === undefined) return Uint8Array.of(5, SocksStatus.hostUnreachable, 0, 0, 0, 0, 0, 0, 0, 0);
  const body = answer.kind === 'address' ? answer.ip : Uint8Array.of(answer.name.length, ...answer.name);
  const type = answer.kind === 'hostname' ? 3 : answer.ip.length === 4 ? 1 : 4;
  const reply = new Uint8Array(4 + body.length + 2);
  reply.set([5, SocksStatus.succeeded, 0, type]);
  reply.set(body, 4);
  return reply;
}
