export { CircuitServer, type CircuitServerCounts } from './circuit-server.ts';
export {
  type AccountingConfig,
  advertisedBurst,
  advertisedRate,
  type BandwidthConfig,
  type DosConfig,
  type OrPort,
  type RelayConfig,
  relayConfig,
  wantsRelay,
} from './config.ts';
export type { RelayEvents } from './events.ts';
export { type AddressFamily, type HostAddresses, OwnAddresses } from './own-addresses.ts';
export { Relay, type RelayDeps, type RelayNetwork } from './relay.ts';
export { loadIdentityKeys, type RelayIdentityKeys } from './relay-keys.ts';
export type { RelayServices } from './services.ts';
