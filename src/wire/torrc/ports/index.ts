export { type HostLookup, parseAddressPort } from './address.ts';
export { isRelay, listeningPorts, parsePorts } from './all.ts';
export { type PortContext, type PortRules, parsePortLines } from './parse.ts';
export type { EntryPortFlags, ListenAddress, PortConfig, PortKind, ServerPortFlags } from './types.ts';
