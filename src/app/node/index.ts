export type { NodeEvents } from './events.ts';
export { onionServiceConfigs } from './onion/config.ts';
export { OnionServices } from './onion/services.ts';
export { checkConfig, type NodeDeps, type NodeParts, TorNode } from './tor-node.ts';
export { torVersion, tropeaVersion } from './version.ts';
