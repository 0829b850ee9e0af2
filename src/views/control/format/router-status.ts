import { base64Unpadded } from '../../../base/bytes/index.ts';
import { formatIp, formatIpHost } from '../../../base/ip/index.ts';
import type { RouterStatus } from '../../../wire/netdoc/index.ts';
import { isoTime } from './time.ts';

/** One relay as `ns/*` and NS tell it. C tor: routerstatus_format_entry, NS_CONTROL_PORT */
export function routerStatusEntry(relay: RouterStatus): string {
  const { nickname, rsaId, descriptorDigest, publishedMs, address, orPort, dirPort, ipv6, flags, bandwidth } = relay;
  const digest = base64Unpadded(descriptorDigest.subarray(0, 20));
  const where = `${formatIp(address)} ${orPort} ${dirPort}`;
  const lines = [
    `r ${nickname} ${base64Unpadded(rsaId)} ${digest} ${isoTime(publishedMs)} ${where}`,
    ...(ipv6 === undefined ? [] : [`a ${formatIpHost(ipv6.address)}:${ipv6.port}`]),
    `s${flags.map((flag) => ` ${flag}`).join('')}`,
    ...(bandwidth === undefined ? [] : [`w Bandwidth=${bandwidth}`]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
