export { blockLength, CellBuffers, recordLength } from './buffers.ts';
export {
  checkInitiatorCerts,
  checkResponderCerts,
  type ProvenIdentity,
} from './certificates.ts';
export type { Channel, ChannelPeer, ChannelState, CircuitHandler, OnCreate } from './channel.ts';
export type { LinkCredentials } from './credentials.ts';
export type { HandshakeResult } from './handshake.ts';
export { LinkChannel } from './link-channel.ts';
export type {
  ChannelCounters,
  InitiatorChannelOptions,
  LinkChannelDeps,
  LinkChannelEvents,
  LinkChannelOptions,
  ResponderChannelOptions,
} from './link-channel-options.ts';
export type { ChannelUsage } from './netflow-padding.ts';
export { type ChannelParams, defaultChannelParams } from './params.ts';
export type { ChannelTransport, TlsBinding } from './transport.ts';
