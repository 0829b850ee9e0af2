export { type ExitConfig, type ExitDnsConfig, exitConfig, interfaceAddresses } from './config.ts';
export { ExitResolver, type ResolverDeps, type ResolverOptions } from './dns/resolver.ts';
export { SystemDns, type SystemDnsOptions } from './dns/system-dns.ts';
export type { DnsBackend, DnsError, DnsOutcome, NameRecord } from './dns/types.ts';
export {
  type ExitCounts,
  type ExitDeps,
  type ExitEvents,
  type ExitOptions,
  ExitRole,
  type SocketTarget,
} from './exit-role.ts';
export { ExitPolicy, type ExitPolicyConfig, type OwnAddresses } from './policy/exit-policy.ts';
export { defaultPolicyLine } from './policy/rules.ts';
export type { Endpoint } from './relay-endpoints.ts';
