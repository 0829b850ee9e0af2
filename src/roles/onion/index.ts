export type { OnionClientEvents } from './client/events.ts';
export {
  OnionClient,
  type OnionClientDeps,
  type OnionClientOptions,
  type OnionRequest,
} from './client/onion-client.ts';
export { type SurveyAnswer, type SurveyDeps, surveyHsDirs } from './client/survey.ts';
export { onionHostname, onionLabel, parseOnionAddress } from './common/address.ts';
export {
  type ClientCredential,
  formatAuthorizedClient,
  formatClientCredential,
  parseAuthorizedClient,
  parseClientCredential,
} from './common/client-auth.ts';
export { HsDirStore, type HsDirStoreOptions } from './hsdir/hsdir-store.ts';
export type { IntroDosDefaults } from './introduction/introduction-limit.ts';
export { OnionRelay } from './onion-relay.ts';
export type { OnionServiceEvents } from './service/events.ts';
export {
  OnionService,
  type OnionServiceDeps,
  type OnionServiceOptions,
  type OnionServiceSettings,
} from './service/onion-service.ts';
export type { ServicePort } from './service/port-map.ts';
export { clientsFolder, loadAuthorizedClients, loadServiceKey } from './service/service-keys.ts';
export type { StreamRules } from './service/stream-server.ts';
export type { ServiceTarget, StreamInfo } from './service/target.ts';
