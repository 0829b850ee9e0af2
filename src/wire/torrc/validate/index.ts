import type { TorOptions } from '../options.ts';
import { type PortConfig, parsePorts } from '../ports/index.ts';
import * as authority from './authority.ts';
import * as client from './client.ts';
import * as general from './general.ts';
import * as relay from './relay.ts';
import * as testing from './testing.ts';
import { Validation, type ValidationContext } from './validation.ts';

export interface ValidatedOptions {
  /** With the adjustments C tor makes: bandwidths capped, intervals raised, a relay's nickname set. */
  readonly options: TorOptions;
  readonly ports: readonly PortConfig[];
}

/**
 * Checks that the options make sense together, in C tor's order and words. Throws TORRC_VALUE. What needs files or
 * other rooms (data directory, directory and bridge lines, onion services, policies) is checked by the composition root.
 */
export function validateOptions(
  options: TorOptions,
  context: ValidationContext & { readonly absolutePath?: (path: string) => string },
): ValidatedOptions {
  const v = new Validation(options, context);
  authority.checkAuthorityOptions(v);
  v.ports = parsePorts(v.options, context);
  general.checkControl(v);
  general.checkOutboundAddresses(v);
  general.checkRelativePaths(v, context.absolutePath ?? ((path) => path));
  relay.checkRelayInfo(v);
  general.checkSomethingToDo(v);
  general.checkRefused(v);
  general.checkInert(v);
  client.checkPaths(v);
  authority.checkAuthorityMode(v);
  general.checkMiscellany(v);
  client.checkPortLists(v);
  client.checkFirewall(v);
  client.checkBridgesAndGuards(v);
  relay.checkPublishing(v);
  relay.checkRelayPadding(v);
  client.checkSingleOnion(v);
  client.checkGuards(v);
  client.checkCircuitTimes(v);
  general.capBandwidth(v, 'BandwidthRate');
  general.capBandwidth(v, 'BandwidthBurst');
  relay.checkRelayBandwidth(v);
  general.checkBandwidth(v);
  relay.checkAccounting(v);
  relay.checkRelayMode(v);
  general.checkProxies(v);
  general.checkControlPasswords(v);
  general.checkNodeFamilies(v);
  v.rejectIf(v.get('UseBridges') && !v.has('Bridge'), 'If you set UseBridges, you must specify at least one bridge.');
  general.checkConstrainedSockets(v);
  authority.checkVotingSchedule(v);
  client.checkVirtualNetworks(v);
  testing.checkTestingNetwork(v);
  relay.checkKeyLifetimes(v);
  authority.checkInitialVoting(v);
  testing.checkTestingValues(v);
  general.checkSchedulers(v);
  return { options: v.options, ports: v.ports };
}

export { parseNetwork } from './client.ts';
export type { ValidationContext } from './validation.ts';
