/** Differences between consensuses. spec: dir-spec 3.9 */
import { base16Upper, bytesEqual } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { sha3_256 } from '../../../crypto/primitives/index.ts';
import { consensusSignedRange } from '../consensus/digests.ts';
import { bytesOf } from '../meta/text.ts';
import { parseHex32 } from '../meta/values.ts';
import { compareConsensuses } from './compare.ts';
import { applyCommands, commandsFor } from './ed.ts';
import { diffError, joinLines, linesOf } from './lines.ts';

const firstLine = 'network-status-diff-version 1';

/** Applies a consensus diff to the consensus it names. Throws DIFF_BAD, DIFF_MISMATCH. Latin-1 in, Latin-1 out. */
export function applyConsensusDiff(consensus: string, diff: string): string {
  const digests = consensusDiffDigests(diff);
  if (!bytesEqual(digests.from, signedDigest(consensus))) {
    throw new TorError('DIFF_MISMATCH', 'the diff is for another consensus');
  }
  const result = joinLines(applyCommands(linesOf(consensus), linesOf(diff).slice(2)));
  if (!bytesEqual(digests.to, sha3_256(bytesOf(result)))) {
    throw new TorError('DIFF_MISMATCH', 'the diff does not give the consensus it names');
  }
  return result;
}

/**
 * The diff from one consensus to another of its flavour. It fits whatever signatures the first one has.
 * Throws DIFF_BAD for what is no document of lines, or cannot be written as a diff.
 */
export function makeConsensusDiff(from: string, to: string): string {
  const fromLines = linesOf(from);
  const toLines = linesOf(to);
  const signatures = fromLines.findIndex((line) => line.startsWith('directory-signature '));
  const unsigned = signatures === -1 ? fromLines : fromLines.slice(0, signatures);
  const header = [firstLine, `hash ${base16Upper(signedDigest(from))} ${base16Upper(sha3_256(bytesOf(to)))}`];
  const last = signatures === fromLines.length - 1;
  const trailer = signatures === -1 ? [] : [`${signatures + 1}${last ? '' : ',$'}d`];
  const script = [...trailer, ...commandsFor(compareConsensuses(unsigned, toLines), toLines)];
  return joinLines(header.concat(script));
}

/** Digests in the first lines of a diff: SHA3-256 of the signed part before and of the whole after. Throws DIFF_BAD. */
export function consensusDiffDigests(diff: string): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const [version, hash = ''] = diff.split('\n', 2);
  if (version !== firstLine) throw diffError('not a consensus diff of a known version');
  const [word, first = '', second = '', more] = hash.split(' ', 4);
  const from = parseHex32(first);
  const to = parseHex32(second);
  if (word !== 'hash' || more !== undefined || from === undefined || to === undefined) {
    throw diffError('the digests of the diff cannot be read');
  }
  return { from, to };
}

/** What has no signatures is digested whole. */
function signedDigest(consensus: string): Uint8Array {
  const range = consensusSignedRange(consensus);
  return sha3_256(bytesOf(range === undefined ? consensus : consensus.slice(range.start, range.end)));
}
