import type { NetDir, Relay, RouterSet } from '../netdir/index.ts';

/** What the configuration says about paths. Everything has C tor's default. */
export interface PathOptions {
  readonly excludeNodes?: RouterSet | undefined;
  /** ExcludeExitNodes; ExcludeNodes counts for exits in any case. */
  readonly excludeExitNodes?: RouterSet | undefined;
  readonly exitNodes?: RouterSet | undefined;
  readonly middleNodes?: RouterSet | undefined;
  /** StrictNodes: excluded onion service directories are not used even when no other is left. */
  readonly strictNodes?: boolean;
  readonly hsLayer2Nodes?: RouterSet | undefined;
  readonly hsLayer3Nodes?: RouterSet | undefined;
  /** Ports that want Stable relays. */
  readonly longLivedPorts?: ReadonlySet<number>;
  /** UseEntryGuards; default true. */
  readonly useEntryGuards?: boolean;
  /** Without guards: whether the first hop can be connected to. */
  readonly canReach?: (relay: Relay) => boolean;
  /** When we are a relay ourselves: it and its family stand on no path of ours. */
  readonly ownFingerprint?: string;
}

/** LongLivedPorts as C tor ships it. */
export const defaultLongLivedPorts: ReadonlySet<number> = new Set([
  21, 22, 706, 1863, 5050, 5190, 5222, 5223, 6523, 6667, 6697, 8300,
]);

/** True for relays that no hop of ours may be: ourselves and our family. */
export function isOwn(netdir: NetDir, options: PathOptions): (relay: Relay) => boolean {
  const { ownFingerprint } = options;
  if (ownFingerprint === undefined) return () => false;
  const own = netdir.byFingerprint(ownFingerprint);
  return (relay) =>
    relay.fingerprint === ownFingerprint || (own !== undefined && (relay === own || netdir.sameFamily(own, relay)));
}

export const isSame = (a: Relay, b: Relay): boolean => a === b || a.fingerprint === b.fingerprint;

export const isIn = (relay: Relay, list: readonly Relay[]): boolean => list.some((each) => isSame(each, relay));
