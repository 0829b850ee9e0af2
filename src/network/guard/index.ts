export type { GuardCircuitState, GuardEvent, GuardEvents, GuardRestriction, GuardTicket, GuardUse } from './types.ts';
