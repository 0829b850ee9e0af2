export type { Asker, DirContent, DirHooks, ServedConsensus, ServedDescriptor, UploadAnswer } from './content.ts';
export { DirCache, type DirCacheDeps, type DirCacheOptions } from './dir-cache.ts';
export { type DirPortAddress, DirServer, type DirServerDeps, type DirServerOptions } from './dir-server.ts';
