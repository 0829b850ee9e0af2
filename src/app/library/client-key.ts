import { nodeRuntime } from '../../base/runtime/index.ts';
import { x25519KeyPair } from '../../crypto/primitives/index.ts';
import {
  formatAuthorizedClient,
  formatClientCredential,
  onionLabel,
  parseOnionAddress,
} from '../../roles/onion/index.ts';

/** One client of a service that lets only some in: a line for each side. */
export interface ClientKey {
  /** `descriptor:x25519:<public key>`, for the service: `authorizedClients`. */
  readonly authorizedClient: string;
  /** `<address>:descriptor:x25519:<secret key>`, for the client: `tor.authorize()`. Keep it secret. */
  credentialFor(address: string): string;
}

/** Makes a key pair for one client. */
export function newClientKey(): ClientKey {
  const { secretKey } = x25519KeyPair(nodeRuntime.random);
  return {
    authorizedClient: formatAuthorizedClient(secretKey).trim(),
    credentialFor: (address) => formatClientCredential(onionLabel(parseOnionAddress(address)), secretKey).trim(),
  };
}
