import type { BuildTimes } from './build-times.ts';
import type { CircuitNeeds } from './managed-circuit.ts';
import type { InternalNeeds } from './predicted-needs.ts';
import type { CircuitPurpose } from './types.ts';

/** C tor: MAX_UNUSED_OPEN_CIRCUITS and what onion services and clients need at least. */
const maxUnused = 14;
const enoughForServices = 3;
const enoughForClients = 3;
const enoughUptimeForClients = 2;

export interface PreemptiveView {
  readonly unused: { readonly all: number; readonly internal: number; readonly uptimeInternal: number };
  /** Predicted ports that too few circuits serve; true in `uptime` when one of them is long-lived. */
  readonly unhandled: { readonly ports: readonly number[]; readonly uptime: boolean };
  /** Onion services run here. */
  readonly services: number;
  readonly internal: InternalNeeds | undefined;
  /** False in a network without exits: only internal circuits can be built. */
  readonly haveExits: boolean;
  readonly buildTimes: Pick<BuildTimes, 'needsCircuitNow' | 'maxOpenCircuits'>;
  readonly nowMs: number;
}

export interface PreemptiveLaunch {
  readonly purpose: CircuitPurpose & ('general' | 'hs-vanguards');
  readonly needs: CircuitNeeds;
  readonly ports: readonly number[];
  /** An internal circuit will be wanted for a service soon: predict it again. */
  readonly noteInternal: boolean;
}

/** The one circuit to build ahead now, if any; asked once a second. spec: path-spec 2.1.1 */
export function nextPreemptive(view: PreemptiveView): PreemptiveLaunch | undefined {
  const { unused } = view;
  if (unused.all >= maxUnused) return undefined;
  const launch = (
    purpose: PreemptiveLaunch['purpose'],
    internal: boolean,
    uptime: boolean,
    ports: readonly number[] = [],
  ) => ({
    purpose,
    needs: { internal, uptime, capacity: true, oneHop: false },
    ports,
    noteInternal: false,
  });
  if (view.unhandled.ports.length > 0 && view.haveExits) {
    return launch('general', false, view.unhandled.uptime, view.unhandled.ports);
  }
  if (view.services > 0 && unused.uptimeInternal < enoughForServices) {
    return { ...launch('hs-vanguards', true, true), noteInternal: true };
  }
  const { internal } = view;
  // C tor asks for circuits with uptime whenever there are fewer than two, wanted or not.
  const lacksUptime = unused.uptimeInternal < enoughUptimeForClients;
  if (internal !== undefined && (lacksUptime || unused.internal < enoughForClients)) {
    return launch('hs-vanguards', true, internal.uptime);
  }
  if (unused.all < view.buildTimes.maxOpenCircuits && view.buildTimes.needsCircuitNow(view.nowMs)) {
    return launch('general', !view.haveExits, false);
  }
  return undefined;
}
