export type { Path, PathPurpose, PathRequest, PortNeed } from './types.ts';
