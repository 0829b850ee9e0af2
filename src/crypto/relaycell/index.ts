export { cgoClientLayer, cgoRelayLayer } from './cgo.ts';
export type { ClientLayer, KeySource, RelayLayer } from './layer.ts';
export { hsClientLayer, hsServiceLayer, tor1ClientLayer, tor1RelayLayer } from './tor1.ts';
