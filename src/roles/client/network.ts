import type { AttachedStream, CircuitManager, Isolation } from '../../network/circuits/index.ts';
import type { StreamHandler } from '../../protocol/stream/index.ts';

/** What the client role needs of the clear net: `network/circuits` has it. */
export type ClientNetwork = Pick<CircuitManager, 'attachStream' | 'resolve' | 'predictPort'>;

/** A stream to an onion service. */
export interface OnionStreamRequest {
  /** The 56 letters before `.onion`, in lower case; checked for the right form, version and checksum by the callee. */
  readonly address: string;
  readonly port: number;
  readonly handler: StreamHandler;
  readonly isolation: Isolation;
  readonly optimisticData?: () => Uint8Array | undefined;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly source?: string;
}

/**
 * What the client role needs to reach onion services; the composition root binds it to `roles/onion`. Rejects with
 * ONION_* errors, whose codes decide between the SOCKS replies F0 to F7.
 */
export interface OnionNetwork {
  connect(request: OnionStreamRequest): Promise<AttachedStream>;
}

/** What a host name of the user's own naming stands for. */
export type NamedAddress =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'unknown'; readonly name: string; readonly nearest: string | undefined };

/** Looks petnames up; undefined when the host name is not of that kind. Throws NAME_BOOK_INVALID. */
export type NameLookup = (host: string) => NamedAddress | undefined;
