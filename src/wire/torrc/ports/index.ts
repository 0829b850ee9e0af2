export { type HostLookup, parseAddressPort, splitAddress } from './address.ts';
export { isRelay, listeningPorts, parsePorts } from './all.ts';
export type { PortContext } from './parse.ts';
export {
  defaultEntryFlags,
  type EntryPortFlags,
  type ListenAddress,
  type PortConfig,
  type PortKind,
  type ServerPortFlags,
} from './types.ts';
