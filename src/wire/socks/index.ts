export { maxHostnameBytes, maxSocksMessageBytes, SocksCommand, SocksMethod, SocksStatus } from './codes.ts';
export { isValidDestination, isValidHostname } from './destination.ts';
export { endReasonToHttp, endReasonToSocks, LocalEndReason, streamReasonName } from './end-reasons.ts';
export {
  encodeHttpTunnelReply,
  HttpTunnelServer,
  isLegacyProxyAuthorization,
  maxHttpHeaderBytes,
} from './http-tunnel.ts';
export { encodeResolveReply, encodeSocksReply, type ResolveReply } from './reply.ts';
export type { ProxyAuth, ProxyCommand, ProxyHandshake, ProxyRefusal, ProxyRequest, ProxyStep } from './request.ts';
export { SocksServer, type SocksServerOptions } from './server.ts';
