import { TorError } from '../../../base/errors/index.ts';
import { openOnionDescriptor, parseOnionDescriptor } from '../../../wire/netdoc/index.ts';
import type { ClientCredential } from '../common/client-auth.ts';
import type { ServiceDescriptor } from './descriptor.ts';

export interface OpenRequest {
  readonly identityKey: Uint8Array;
  readonly blindedKey: Uint8Array;
  readonly subcredential: Uint8Array;
  readonly credential: ClientCredential | undefined;
  readonly nowMs: number;
  /** cc_sendme_inc of the consensus: a service may be one off, which is how far two consensuses may be apart. */
  readonly sendmeInc: number;
}

/** Proves and opens what an HSDir gave us. Throws ONION_DESCRIPTOR_INVALID, ONION_AUTH_MISSING, ONION_AUTH_WRONG. */
export function openDescriptor(text: string, request: OpenRequest): ServiceDescriptor {
  try {
    const { blindedKey, nowMs, subcredential } = request;
    const outer = parseOnionDescriptor(text, { nowMs, blindedKey });
    const content = openOnionDescriptor(outer, {
      subcredential,
      nowMs,
      clientSecretKey: request.credential?.secretKey,
    });
    if (!content.supportsNtor) throw new TorError('ONION_DESCRIPTOR_INVALID', 'the service does not speak ntor');
    const inc = content.flowControl?.sendmeInc;
    if (inc !== undefined && Math.abs(inc - request.sendmeInc) > 1) {
      throw new TorError('ONION_DESCRIPTOR_INVALID', "the service's flow-control increment is not the network's");
    }
    return {
      identityKey: request.identityKey,
      subcredential,
      revisionCounter: outer.revisionCounter,
      introPoints: content.introductionPoints,
      congestionSendmeInc: inc,
      singleOnion: content.singleOnion,
      text,
    };
  } catch (thrown) {
    const error = TorError.from(thrown);
    if (error.kind === 'bug' || error.code === 'ONION_AUTH_MISSING' || error.code === 'ONION_AUTH_WRONG') throw error;
    throw new TorError('ONION_DESCRIPTOR_INVALID', error.message, { facts: error.facts, cause: error });
  }
}
