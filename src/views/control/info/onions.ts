import { onionHostname, parseOnionAddress } from '../../../roles/onion/index.ts';
import type { InfoScope } from '../context.ts';
import { refuse } from '../failure.ts';
import type { InfoTable } from './info-keys.ts';

function identityOf(label: string): Uint8Array {
  try {
    if (label.length === 56) return parseOnionAddress(label);
  } catch {
    // Told below.
  }
  return refuse(551, 'Invalid address');
}

const found = (text: string | undefined): string => text ?? refuse(551, 'Not found in cache');

/** Descriptors of onion services that we know as a client, and those of our own. spec: control-spec 3.9 */
export const onionInfo: InfoTable = {
  'hs/client/desc/id/': {
    help: "Hidden Service descriptor in client's cache by onion.",
    get: ({ context }: InfoScope, label: string) =>
      found(context.deps.parts.onionClient.descriptorText(identityOf(label))),
  },
  'hs/service/desc/id/': {
    help: "Hidden Service descriptor in services's cache by onion.",
    get: ({ context }: InfoScope, label: string) => {
      const hostname = onionHostname(identityOf(label));
      return found(context.deps.parts.services.all.find((service) => service.hostname === hostname)?.descriptorText);
    },
  },
};
