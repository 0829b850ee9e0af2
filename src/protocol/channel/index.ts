export type { Channel, ChannelPeer, ChannelState, CircuitHandler, OnCreate } from './channel.ts';
