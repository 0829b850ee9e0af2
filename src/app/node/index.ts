export type { NodeDeps } from './compose.ts';
export type { NodeEvents } from './events.ts';
export { onionServiceConfigs } from './onion/config.ts';
export { OnionServices } from './onion/services.ts';
export type { NodeParts } from './parts.ts';
export { checkConfig, checkSupport, TorNode } from './tor-node.ts';
export { torVersion, tropeaVersion } from './version.ts';
