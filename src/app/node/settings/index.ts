export { type DirectoryServers, directoryOptions, directoryServers } from './directory.ts';
export { reachable } from './reachable.ts';
export {
  channelBase,
  circuitOptions,
  guardOptions,
  liveCircuitOptions,
  type NodeFacts,
  outboundForLinks,
  pathOptions,
  vanguardsOptions,
} from './rooms.ts';
export { routerSets } from './router-sets.ts';
