import type { IpBytes } from '../../../base/ip/index.ts';
import type { Ed25519SecretKey, RsaPrivateKey, RsaPublicKey } from '../../../crypto/primitives/index.ts';
import type { Protover } from '../../protover/index.ts';
import type { AddressPort, PortSummary } from '../meta/types.ts';
import type { PolicyRule } from '../policy/types.ts';

export interface ExtraInfoDigest {
  /** SHA-1 of the signed part, 20 bytes. */
  readonly sha1: Uint8Array;
  /** SHA-256 of the whole extra-info document, 32 bytes. */
  readonly sha256: Uint8Array | undefined;
}

/** A server (or bridge) descriptor, every signature and certificate in it checked. spec: dir-spec 2.1.1 */
export interface ServerDescriptor {
  readonly text: string;
  /** SHA-1 of the signed part. */
  readonly digest: Uint8Array;
  /** SHA-256 of the whole descriptor. */
  readonly digest256: Uint8Array;
  readonly nickname: string;
  readonly address: IpBytes;
  readonly orPort: number;
  readonly socksPort: number;
  readonly dirPort: number;
  /** The first usable `or-address`. */
  readonly ipv6: AddressPort | undefined;
  readonly publishedMs: number;
  /** SHA-1 of the RSA identity key, 20 bytes. */
  readonly rsaId: Uint8Array;
  readonly identityKey: RsaPublicKey;
  /** TAP key; absent since it may be left out. */
  readonly onionKey: RsaPublicKey | undefined;
  readonly ntorKey: Uint8Array | undefined;
  readonly ed25519Id: Uint8Array | undefined;
  /** The key that the identity signed for, 32 bytes. */
  readonly ed25519SigningKey: Uint8Array | undefined;
  /** Earliest end of the identity's and the ntor key's certificates, milliseconds; Infinity without any. */
  readonly certExpiresMs: number;
  /** Latin-1; empty when absent. */
  readonly platform: string;
  readonly protover: Protover;
  /** The `proto` line as it stands; undefined when absent. */
  readonly protoverText: string | undefined;
  readonly bandwidthRate: number;
  readonly bandwidthBurst: number;
  readonly bandwidthObserved: number;
  /** Seconds; negative only in what historic relays wrote. */
  readonly uptimeSec: number | undefined;
  readonly hibernating: boolean;
  readonly cachesExtraInfo: boolean;
  readonly extraInfoDigest: ExtraInfoDigest | undefined;
  readonly isHsDir: boolean;
  readonly allowSingleHopExits: boolean;
  readonly tunnelledDirServer: boolean;
  readonly overloadGeneralMs: number | undefined;
  /** Latin-1. */
  readonly contact: string | undefined;
  readonly family: readonly string[];
  /** Family ids proven by `family-cert` lines, sorted: `ed25519:<base64>`. */
  readonly familyIds: readonly string[];
  /** `*` is `any4` here, and `private` is written out. */
  readonly exitPolicy: readonly PolicyRule[];
  readonly ipv6Policy: PortSummary | undefined;
  readonly bridgeDistribution: string | undefined;
  /** `@` annotations before the descriptor in a cache file, without the `@`. */
  readonly annotations: ReadonlyMap<string, string>;
}

/** What a relay tells of itself. Order and form of the lines are C tor's. */
export interface ServerDescriptorFields {
  readonly nickname: string;
  readonly address: IpBytes;
  readonly orPort: number;
  readonly dirPort: number;
  readonly ipv6?: AddressPort | undefined;
  readonly platform: string;
  readonly protover: string;
  readonly publishedMs: number;
  readonly uptimeSec?: number | undefined;
  readonly bandwidthRate: number;
  readonly bandwidthBurst: number;
  readonly bandwidthObserved: number;
  readonly extraInfoDigest?: ExtraInfoDigest | undefined;
  readonly hibernating?: boolean;
  readonly isHsDir?: boolean;
  readonly cachesExtraInfo?: boolean;
  readonly contact?: string | undefined;
  /** `$FINGERPRINT` or nicknames, in the order they are to stand. */
  readonly family?: readonly string[];
  readonly bridgeDistribution?: string | undefined;
  readonly overloadGeneralMs?: number | undefined;
  /** Rules about IPv6 are left out, `any` is written as `*`. Empty: `reject *:*`. */
  readonly exitPolicy: readonly PolicyRule[];
  readonly ipv6Policy?: PortSummary | undefined;
  readonly tunnelledDirServer?: boolean;
  /** End of the ntor key's cross-certificate; default 28 days after `publishedMs`. */
  readonly ntorCertExpiresMs?: number | undefined;
}

/** What signs a server descriptor and an extra-info document. */
export interface RelaySigningKeys {
  readonly identityKey: RsaPrivateKey;
  readonly ed25519Id: Uint8Array;
  /** The key that signs from day to day. */
  readonly ed25519SigningKey: Ed25519SecretKey;
  /** Certificate of that key by the master identity (type 4), encoded. */
  readonly ed25519SigningCert: Uint8Array;
}

export interface ServerDescriptorKeys extends RelaySigningKeys {
  /** Curve25519 onion key with its secret part: it signs the cross-certificate. */
  readonly ntorKey: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  /** TAP key with its secret part. Left out: no `onion-key` and no cross-certificate, as relays may since method 35. */
  readonly onionKey?: RsaPrivateKey | undefined;
  /** Family keys that vouch for this relay. */
  readonly familyKeys?: readonly Ed25519SecretKey[];
  /** Ready-made family certificates (type 12), in place of keys. */
  readonly familyCerts?: readonly Uint8Array[];
}
