import type { AddressPort, PortSummary } from '../meta/types.ts';

/** One microdescriptor. spec: dir-spec 3.3 */
export interface Microdescriptor {
  /** SHA-256 of `text`, 32 bytes: the name it goes by in consensuses. */
  readonly digest: Uint8Array;
  /** From `onion-key` on, without annotations; Latin-1. */
  readonly text: string;
  /** Curve25519 onion key, 32 bytes. */
  readonly ntorKey: Uint8Array;
  /** Ed25519 master identity, 32 bytes. */
  readonly ed25519Id: Uint8Array | undefined;
  /** First usable IPv6 address of the `a` lines. */
  readonly ipv6: AddressPort | undefined;
  /** Members of `family`: `$` and a fingerprint, or a nickname; as they stand in the line. */
  readonly family: readonly string[];
  readonly familyIds: readonly string[];
  /** `p` line; undefined when absent or unreadable, which counts as refusing everything. */
  readonly policy: PortSummary | undefined;
  readonly policy6: PortSummary | undefined;
  /** `@last-listed` annotation of a cache file. */
  readonly lastListedMs: number | undefined;
}
