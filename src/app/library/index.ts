export type { NameWarning, Petname } from '../../roles/names/index.ts';
export { type ConnectOptions, type LookupAddress, TorContext } from './context.ts';
export type { Names } from './names.ts';
export type { JoinableNetwork, StartProgress, TorrcValue, TorStartOptions } from './options.ts';
export type { ConnectionHandler, PublishedService, PublishOptions, PublishTarget } from './publish.ts';
export { type CircuitView, Tor, type TorEvents } from './tor.ts';
export type { TorSocket } from './tor-socket.ts';
