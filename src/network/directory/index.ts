export { type BridgeLine, parseBridgeLine } from './bridge-lines.ts';
export type { KeptDescriptor } from './descriptor-store.ts';
export { type DirPortDeps, dirPortRequest } from './dir-port.ts';
export { type DirRequestDeps, dirRequest, dirRequester } from './dir-stream.ts';
export { httpDate, parseHttpDate } from './http-request.ts';
export { TorDirectoryManager } from './manager.ts';
export type { DirectoryManagerDeps, DirectoryManagerOptions } from './manager-options.ts';
export { parseDirAuthority, parseFallbackDir, parseServerList, shippedServerLists } from './server-lines.ts';
export type {
  BootstrapPhase,
  BootstrapStatus,
  DirAuthority,
  DirDocuments,
  DirectoryEvents,
  DirectoryManager,
  DirRequest,
  DirRequester,
  DirResponse,
  FallbackDir,
} from './types.ts';
