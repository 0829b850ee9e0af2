import { bytesEqual } from '../../base/bytes/index.ts';
import { type IpBytes, isInternalIp } from '../../base/ip/index.ts';
import type { ChannelTarget, OrEndpoint } from '../../network/channels/index.ts';
import type { NetDir } from '../../network/netdir/index.ts';
import type { ExtendRequest } from '../../protocol/circuit/index.ts';

export interface ExtendPolicy {
  /** ExtendAllowPrivateAddresses. */
  readonly allowPrivate: boolean;
  /** Our own RSA and Ed25519 identities: no circuit goes through one relay twice in a row. */
  readonly ownRsa: Uint8Array;
  readonly ownEd25519: Uint8Array;
  /** Whether we have an IPv6 address to connect from. */
  readonly canIpv6: boolean;
}

/**
 * Where an EXTEND2 may go: the channel to use, or undefined when it must be refused. Follows C tor's
 * circuitbuild_relay.c: an Ed25519 identity that the client left out is taken from the consensus, one address must be
 * public, and nobody extends to us through us.
 */
export function extendTo(
  request: ExtendRequest,
  policy: ExtendPolicy,
  netdir: NetDir | undefined,
): ChannelTarget | undefined {
  const { target } = request;
  const ed25519 = target.ed25519 ?? netdir?.byRsaId(target.rsa)?.ed25519Id;
  if (bytesEqual(target.rsa, policy.ownRsa)) return undefined;
  if (ed25519 !== undefined && bytesEqual(ed25519, policy.ownEd25519)) return undefined;
  const addresses: OrEndpoint[] = [];
  const add = (endpoint: { address: IpBytes; port: number } | undefined): void => {
    if (endpoint === undefined || endpoint.port === 0) return;
    if (isInternalIp(endpoint.address) && !policy.allowPrivate) return;
    addresses.push({ address: endpoint.address, port: endpoint.port });
  };
  add(target.ipv4);
  if (policy.canIpv6) add(target.ipv6);
  if (addresses.length === 0) return undefined;
  return { identity: { rsa: target.rsa, ...(ed25519 === undefined ? {} : { ed25519 }) }, addresses };
}
