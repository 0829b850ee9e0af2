import { TorError } from '../../../base/errors/index.ts';

/** Applies a consensus diff to the consensus it names. Throws DIFF_BAD, DIFF_MISMATCH. Latin-1 in, Latin-1 out. */
export function applyConsensusDiff(_consensus: string, _diff: string): string {
  throw new TorError('INTERNAL', 'not there yet');
}

/** The diff from one consensus to another of its flavour. Throws DIFF_BAD. */
export function makeConsensusDiff(_from: string, _to: string): string {
  throw new TorError('INTERNAL', 'not there yet');
}

/** Digests in the first lines of a diff: SHA3-256 of the signed part before and of the whole after. Throws DIFF_BAD. */
export function consensusDiffDigests(_diff: string): { readonly from: Uint8Array; readonly to: Uint8Array } {
  throw new TorError('INTERNAL', 'not there yet');
}
