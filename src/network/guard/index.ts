export type { PathBias } from './entry-guard.ts';
export { GuardManager, type GuardManagerDeps } from './manager.ts';
export type {
  BridgeInfo,
  GuardCircuitState,
  GuardDescription,
  GuardEvent,
  GuardEvents,
  GuardOptions,
  GuardRestriction,
  GuardTicket,
  GuardUse,
  GuardVerdict,
  RouterSetLike,
} from './types.ts';
export { Vanguards, type VanguardsEvents, type VanguardsOptions } from './vanguards.ts';
