export { readBuildTimes, type StoredBuildTimes, writeBuildTimes } from './build-times.ts';
export { DataDirectory, type DataDirectoryOptions } from './data-directory.ts';
export { readDormancy, type StoredDormancy, writeDormancy } from './dormant.ts';
export { formatIsoTime, parseIsoTime } from './iso-time.ts';
export { MemoryStore } from './memory-store.ts';
export { StateFile, type StateFileDeps, type StateFileOptions } from './state-file.ts';
export { formatTaggedFile, parseTaggedFile } from './tagged-file.ts';
export type { DataStore, StateStore } from './types.ts';
