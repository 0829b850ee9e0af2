export { exitServes, mayExit } from './exit.ts';
export { isOnionPurpose, pathLength } from './length.ts';
export { defaultLongLivedPorts, type PathOptions } from './options.ts';
export { PathSelector, type PathSelectorDeps } from './selector.ts';
export type { Path, PathPurpose, PathRequest, PortNeed } from './types.ts';
