import type { CircuitNeeds } from './managed-circuit.ts';
import type { CircuitOptions, CircuitPurpose } from './types.ts';

/** Purposes whose failures say something of our network, and not of a target that a stranger chose. */
export const countsAsFailure = new Set<CircuitPurpose>([
  'general',
  'hs-client-hsdir',
  'hs-service-hsdir',
  'hs-service-intro',
  'hs-client-rend',
]);

/** What a purpose asks of the relays on the way. */
export function needsOf(purpose: CircuitPurpose, options: CircuitOptions): CircuitNeeds {
  const oneHop = purpose === 'dir' || options.oneHop === true;
  const internal = purpose !== 'general' && purpose !== 'controller' && purpose !== 'measure-timeout';
  const uptime = purpose === 'hs-service-intro' || purpose === 'hs-service-rend' || purpose === 'hs-client-rend';
  return { internal, uptime: uptime && !oneHop, capacity: !oneHop, oneHop };
}
