export { AddressMap, type Mapping, type MappingSource, type VirtualNetwork } from './address-map.ts';
export { ClientRole, type ClientRoleDeps, type ClientRoleOptions } from './client-role.ts';
export { type ClientConfig, clientConfig } from './config.ts';
export type { ClientRequest, Destination } from './destination.ts';
export type { ClientEvents } from './events.ts';
export { type Failure, failureOf } from './failure.ts';
export { type Gateway, RefusedRequest, type RequestContext } from './gateway.ts';
export type { ClientNetwork, NamedAddress, NameLookup, OnionNetwork, OnionStreamRequest } from './network.ts';
export type { Resolution } from './resolution.ts';
