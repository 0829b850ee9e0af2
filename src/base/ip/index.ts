export { inPrefix, isInternalIp, isLoopbackIp, unmapIp } from './ranges.ts';
export { formatIp, formatIpHost, formatIpPort, type IpBytes, parseIp, parseIpv4, parseIpv6 } from './text.ts';
