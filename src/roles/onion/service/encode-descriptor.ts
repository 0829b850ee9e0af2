import type { Random } from '../../../base/runtime/index.ts';
import { encodeOnionDescriptor } from '../../../wire/netdoc/index.ts';
import type { PeriodDescriptor } from './period-descriptor.ts';

export interface EncodeOptions {
  readonly revisionCounter: number;
  readonly authorizedClients: readonly Uint8Array[];
  readonly singleHop: boolean;
  /** SENDME increment of congestion control; undefined when the network runs without. */
  readonly sendmeInc: number | undefined;
  readonly nowMs: number;
  readonly random: Random;
}

const lifetimeSec = 3 * 60 * 60;
const certLifetimeMs = 54 * 60 * 60_000;

/** The text to publish, with the introduction points that are established now. */
export function encodeDescriptor(descriptor: PeriodDescriptor, options: EncodeOptions): string {
  return encodeOnionDescriptor(
    {
      lifetimeSec,
      revisionCounter: BigInt(options.revisionCounter),
      subcredential: descriptor.subcredential,
      signingKey: descriptor.signingKey,
      blindedKey: descriptor.blinded,
      certExpiresMs: options.nowMs + certLifetimeMs,
      singleOnion: options.singleHop,
      flowControl: options.sendmeInc === undefined ? undefined : { versions: '1-2', sendmeInc: options.sendmeInc },
      introductionPoints: descriptor.established.map((point) => ({
        linkSpecifiers: point.relay.linkSpecifiers(),
        onionKey: point.onionKey,
        authKey: point.authKey.publicKey,
        encKey: point.encKey.publicKey,
      })),
      authorizedClients: options.authorizedClients,
    },
    options.random,
  );
}
