import type { ErrorCode } from '../../../base/errors/index.ts';

interface Attempt {
  /** 56 characters, without ".onion". */
  readonly service: string;
}

/** Each step of reaching a service, for logs, the control port and whoever wants to see. */
export interface OnionClientEvents {
  descriptorRequested: Attempt & { readonly hsDir: string; readonly blindedKey: Uint8Array };
  /** `text` is the document as the directory gave it. */
  descriptorReceived: Attempt & { readonly hsDir: string; readonly introPoints: number; readonly text: string };
  /** `reason` as the control port names it: NOT_FOUND, BAD_DESC, QUERY_REJECTED, UNEXPECTED, … */
  descriptorFailed: Attempt & { readonly hsDir: string; readonly reason: string };
  rendezvousEstablished: Attempt & { readonly circuitId: number };
  introduced: Attempt & { readonly circuitId: number; readonly introPoint: string };
  introductionFailed: Attempt & { readonly introPoint: string; readonly reason: string };
  joined: Attempt & { readonly circuitId: number; readonly elapsedMs: number };
  failed: Attempt & { readonly code: ErrorCode };
}
