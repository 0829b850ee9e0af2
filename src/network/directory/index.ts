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
