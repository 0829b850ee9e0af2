import { base16Upper } from '../../../base/bytes/index.ts';
import type { TorError } from '../../../base/errors/index.ts';
import { formatIpHost } from '../../../base/ip/index.ts';
import type { ChannelLaunched } from '../../../network/channels/index.ts';
import type { NetDir } from '../../../network/netdir/index.ts';
import type { LinkChannel } from '../../../protocol/channel/index.ts';

/** `$FINGERPRINT~nickname`, or the address when no identity is known. */
export function relayName(rsaId: Uint8Array | undefined, netdir: NetDir | undefined, address: string): string {
  if (rsaId === undefined) return address;
  const nickname = netdir?.byRsaId(rsaId)?.nickname;
  return `$${base16Upper(rsaId)}${nickname === undefined ? '' : `~${nickname}`}`;
}

export function channelName(channel: LinkChannel, netdir: NetDir | undefined): string {
  const { rsa, address, port } = channel.peer;
  return relayName(rsa, netdir, `${address}:${port}`);
}

export function targetName({ target, endpoint }: ChannelLaunched, netdir: NetDir | undefined): string {
  const address = endpoint === undefined ? '0.0.0.0:0' : `${formatIpHost(endpoint.address)}:${endpoint.port}`;
  return relayName(target.identity.rsa, netdir, address);
}

/** spec: control-spec 4.1.3 */
export function failureReason(error: TorError | undefined, stage: 'connecting' | 'tls' | 'handshake' | 'open'): string {
  if (error === undefined) return 'DONE';
  if (error.code === 'CHANNEL_IDENTITY') return 'IDENTITY';
  if (error.code === 'TIMEOUT' || error.code === 'CHANNEL_TIMEOUT') return 'TIMEOUT';
  if (stage === 'connecting') return 'CONNECTREFUSED';
  return stage === 'tls' ? 'TLS_ERROR' : stage === 'open' ? 'IOERROR' : 'MISC';
}
