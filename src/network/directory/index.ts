export { type DirPortDeps, dirPortRequest } from './dir-port.ts';
export { type DirRequestDeps, dirRequest, dirRequester } from './dir-stream.ts';
export { httpDate, parseHttpDate } from './http-request.ts';
export { type DirectoryManagerDeps, type DirectoryManagerOptions, TorDirectoryManager } from './manager.ts';
export { parseDirAuthority, parseFallbackDir, parseServerList, shippedServerLists } from './server-lines.ts';
export type {
  BootstrapPhase,
  BootstrapStatus,
  DirAuthority,
  DirectoryEvents,
  DirectoryManager,
  DirRequest,
  DirRequester,
  DirResponse,
  FallbackDir,
} from './types.ts';
