export type { NameWarning, Petname } from '../../roles/names/index.ts';
export { type ClientKey, newClientKey } from './client-key.ts';
export { type ConnectOptions, type LookupAddress, TorContext } from './context.ts';
export type { ChannelView, CircuitView, ConsensusView, GuardView, OnionStep, StreamView, TorEvents } from './events.ts';
export type { AddNameOptions, Names } from './names.ts';
export type { JoinableNetwork, StartProgress, TorrcValue, TorStartOptions } from './options.ts';
export type {
  ClientConnection,
  ConnectionHandler,
  PublishedService,
  PublishOptions,
  PublishTarget,
} from './publish.ts';
export { Tor } from './tor.ts';
export type { TorSocket } from './tor-socket.ts';
