export type { Asker, DirContent, DirHooks, ServedConsensus, ServedDescriptor, UploadAnswer } from './content.ts';
export { DiffHistory, type DiffHistoryDeps, type DiffHistoryOptions } from './diff-history.ts';
export { DirCache, type DirCacheDeps, type DirCacheOptions } from './dir-cache.ts';
export { DirCacheRole, type DirCacheRoleDeps, type DirCacheRoleOptions } from './dir-cache-role.ts';
export {
  type DirPortAddress,
  DirServer,
  type DirServerDeps,
  type DirServerOptions,
  maxVoteBytes,
} from './dir-server.ts';
export { ServedContent, type ServedContentDeps } from './served-content.ts';
