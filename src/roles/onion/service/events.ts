import type { TorError } from '../../../base/errors/index.ts';

/** Each step in the life of a service. `relay` is an RSA fingerprint in upper-case hexadecimal. */
export interface OnionServiceEvents {
  /** A descriptor for a time period was made; nothing is published yet. */
  descriptorCreated: { readonly periodNumber: number; readonly blindedKey: Uint8Array };
  introPointChosen: { readonly relay: string; readonly periodNumber: number };
  introPointEstablished: { readonly relay: string; readonly periodNumber: number; readonly circuitId: number };
  introPointLost: { readonly relay: string; readonly periodNumber: number; readonly reason: string };
  uploading: { readonly relay: string; readonly periodNumber: number; readonly blindedKey: Uint8Array };
  uploaded: { readonly relay: string; readonly periodNumber: number; readonly blindedKey: Uint8Array };
  uploadFailed: { readonly relay: string; readonly periodNumber: number; readonly error: TorError };
  /** At least one HSDir holds the descriptor that clients ask for now. */
  published: { readonly periodNumber: number; readonly hsDirs: number };
  introduced: { readonly relay: string };
  /** `reason`: REPLAY, BAD, RATE, UNSUPPORTED. */
  introductionRefused: { readonly relay: string; readonly reason: string };
  rendezvousJoined: { readonly relay: string; readonly circuitId: number };
  rendezvousFailed: { readonly relay: string; readonly error: TorError };
  stream: { readonly circuitId: number; readonly port: number };
  /** What the port leads to took no connection; `reason` is the system's word, such as ECONNREFUSED, or TIMEOUT. */
  targetFailed: { readonly circuitId: number; readonly port: number; readonly reason: string };
}
