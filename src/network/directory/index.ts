export { type DirRequestDeps, dirRequest } from './dir-stream.ts';
export { parseDirAuthority, parseFallbackDir, parseServerList, shippedServerLists } from './server-lines.ts';
export type {
  BootstrapPhase,
  BootstrapStatus,
  DirAuthority,
  DirectoryEvents,
  DirectoryManager,
  DirRequest,
  DirResponse,
  FallbackDir,
} from './types.ts';
