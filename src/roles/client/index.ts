export type { ClientNetwork, OnionNetwork, OnionStreamRequest } from './network.ts';
