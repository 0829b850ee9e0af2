import type { Ed25519KeyPair, Ed25519SecretKey } from '../../../crypto/primitives/index.ts';
import type { LinkSpecifier } from '../../linkspec/index.ts';

/** The part of a descriptor that directories see, its certificate and signature checked. spec: rend-spec-v3 2.4 */
export interface OnionDescriptorOuter {
  readonly text: string;
  readonly lifetimeSec: number;
  readonly revisionCounter: bigint;
  /** The key the descriptor was signed with, 32 bytes. */
  readonly signingKey: Uint8Array;
  /** The key that certifies the signing key: 32 bytes. */
  readonly blindedKey: Uint8Array;
  readonly certExpiresMs: number;
  /** SALT | ENCRYPTED | MAC. */
  readonly superencrypted: Uint8Array;
}

/** What is needed to open a layer. */
export interface LayerSecrets {
  readonly blindedKey: Uint8Array;
  /** 32 bytes. */
  readonly subcredential: Uint8Array;
  readonly revisionCounter: bigint;
}

export interface AuthClient {
  /** 8 bytes. */
  readonly clientId: Uint8Array;
  /** 16 bytes. */
  readonly iv: Uint8Array;
  /** 16 bytes. */
  readonly encryptedCookie: Uint8Array;
}

/** Inside the first layer. spec: rend-spec-v3 2.5.1.2 */
export interface OnionDescriptorFirstLayer {
  /** x25519 key for client authorization, 32 bytes; meaningless when nobody is authorized. */
  readonly authEphemeralKey: Uint8Array;
  readonly authClients: readonly AuthClient[];
  readonly encrypted: Uint8Array;
}

export interface IntroductionPoint {
  readonly linkSpecifiers: readonly LinkSpecifier[];
  /** ntor key of the relay, 32 bytes. */
  readonly onionKey: Uint8Array;
  /** The service's Ed25519 key at this relay, 32 bytes. */
  readonly authKey: Uint8Array;
  readonly authKeyCertExpiresMs: number;
  /** The service's x25519 key at this relay, 32 bytes. */
  readonly encKey: Uint8Array;
}

/** `pow-params v1`. spec: proposal 327 */
export interface PowParams {
  /** 32 bytes. */
  readonly seed: Uint8Array;
  readonly suggestedEffort: number;
  readonly expiresMs: number;
}

/** Inside the second layer. spec: rend-spec-v3 2.5.2.2 */
export interface OnionDescriptorContent {
  /** `create2-formats` has 2 (ntor). */
  readonly supportsNtor: boolean;
  /** `intro-auth-required`, as the words stand. */
  readonly introAuthRequired: readonly string[];
  readonly singleOnion: boolean;
  /** `flow-control`: versions ("1-2") and the SENDME increment in cells. */
  readonly flowControl: { readonly versions: string; readonly sendmeInc: number } | undefined;
  readonly powParams: PowParams | undefined;
  readonly introductionPoints: readonly IntroductionPoint[];
}

/** What a service publishes. */
export interface OnionDescriptorFields {
  readonly lifetimeSec: number;
  readonly revisionCounter: bigint;
  readonly subcredential: Uint8Array;
  /** Signs the descriptor. */
  readonly signingKey: Ed25519KeyPair;
  /** The period's blinded key: it certifies the signing key. */
  readonly blindedKey: Ed25519SecretKey;
  /** End of the certificates, milliseconds; hours are what counts. */
  readonly certExpiresMs: number;
  readonly introAuthRequired?: readonly string[];
  readonly singleOnion?: boolean;
  readonly flowControl?: { readonly versions: string; readonly sendmeInc: number } | undefined;
  readonly powParams?: PowParams | undefined;
  readonly introductionPoints: readonly IntroductionPointFields[];
  /** x25519 public keys of authorized clients; empty means everybody. */
  readonly authorizedClients?: readonly Uint8Array[];
}

/** Keys are public: the descriptor's signing key certifies both of them. */
export interface IntroductionPointFields {
  readonly linkSpecifiers: readonly LinkSpecifier[];
  readonly onionKey: Uint8Array;
  readonly authKey: Uint8Array;
  readonly encKey: Uint8Array;
}
