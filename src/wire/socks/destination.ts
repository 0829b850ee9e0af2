import { parseIpv4, parseIpv6 } from '../../base/ip/index.ts';

const label = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Host names C tor lets clients ask for: RFC 1123 with underscores inside labels, one final dot allowed. */
export function isValidHostname(text: string): boolean {
  if (text === '' || parseIpv4(text) !== undefined) return false;
  const labels = text.split('.');
  if (labels.at(-1) === '') labels.pop();
  return labels.length > 0 && labels.every((part) => label.test(part));
}

/** A host name or an IP address; brackets allowed round either, as C tor does. */
export function isValidDestination(text: string): boolean {
  const bare = text.length > 1 && text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return parseIpv4(bare) !== undefined || parseIpv6(bare) !== undefined || isValidHostname(bare);
}
