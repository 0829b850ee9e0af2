export { CircuitServer, type CircuitServerCounts, type HandshakeName } from './circuit-server.ts';
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
export { BandwidthHistory } from './descriptor/bandwidth-history.ts';
export type { OwnDescriptor } from './descriptor/build.ts';
export { loadFamilyKeys } from './descriptor/family.ts';
export { keyFolder } from './descriptor/key-folder.ts';
export { supportedProtocols } from './descriptor/protocols.ts';
export {
  type ExitAdvertisement,
  type PublisherDeps,
  type PublisherOptions,
  RelayPublisher,
} from './descriptor/publisher.ts';
export type { UploadResult } from './descriptor/upload.ts';
export type { RelayEvents } from './events.ts';
export { type DosCounts, DosDefence } from './limits/dos-defence.ts';
export { MemoryGuard } from './limits/memory-guard.ts';
export { type AddressFamily, type HostAddresses, OwnAddresses } from './own-addresses.ts';
export { Relay, type RelayDeps, type RelayNetwork } from './relay.ts';
export { loadIdentityKeys, type RelayIdentityKeys } from './relay-keys.ts';
export { SelfTest, type SelfTestDeps } from './self-test.ts';
export type { RelayServices } from './services.ts';
