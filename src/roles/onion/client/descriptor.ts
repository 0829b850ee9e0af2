import type { LinkSpecifier } from '../../../wire/linkspec/index.ts';

/** One introduction point, as a client uses it. */
export interface IntroPoint {
  readonly linkSpecifiers: readonly LinkSpecifier[];
  /** The relay's ntor key. */
  readonly onionKey: Uint8Array;
  /** The service's Ed25519 key at this relay. */
  readonly authKey: Uint8Array;
  /** The service's curve25519 key at this relay. */
  readonly encKey: Uint8Array;
}

/** An opened and verified descriptor. */
export interface ServiceDescriptor {
  readonly identityKey: Uint8Array;
  readonly subcredential: Uint8Array;
  readonly revisionCounter: bigint;
  readonly introPoints: readonly IntroPoint[];
  /** SENDME increment of `flow-control`, when the service supports congestion control. */
  readonly congestionSendmeInc: number | undefined;
  readonly singleOnion: boolean;
  /** As it came from the HSDir. */
  readonly text: string;
}
