export { cgoClientLayer, cgoKeyLength, cgoRelayLayer } from './cgo.ts';
export { ClientLayers } from './client-layers.ts';
export type { ClientLayer, RelayLayer } from './layer.ts';
export {
  hsClientLayer,
  hsKeyLength,
  hsServiceLayer,
  tor1ClientLayer,
  tor1KeyLength,
  tor1RelayLayer,
} from './tor1.ts';
