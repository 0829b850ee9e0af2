import {
  base16Upper,
  base64,
  bytesEqual,
  compareBytes,
  concatBytes,
  fromBase64,
  fromLatin1,
  Writer,
} from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { sha3_256 } from '../../../crypto/primitives/index.ts';
import type { SharedRandomCommit, SharedRandomLine } from '../../../wire/netdoc/index.ts';

/** The one version of the protocol there is. */
export const protocolVersion = 1;
export const algorithm = 'sha3-256';

/** What an authority has promised to reveal, and what it has revealed. spec: srv-spec 4.1.1 */
export interface Commit {
  /** SHA-1 of the authority's identity key. */
  readonly identity: Uint8Array;
  readonly commitSec: number;
  /** SHA3-256 of the reveal in base64. */
  readonly hashedReveal: Uint8Array;
  /** Base64, as it came. */
  readonly encoded: string;
  readonly reveal: Reveal | undefined;
}

export interface Reveal {
  readonly revealSec: number;
  /** Base64, as it came. */
  readonly encoded: string;
}

const encodedLength = 56;

function encode(timeSec: number, body: Uint8Array): string {
  const writer = new Writer();
  writer.u64(BigInt(timeSec));
  writer.bytes(body);
  return base64(writer.finish());
}

/** Time and 32 bytes; undefined when it is something else. */
function decode(text: string): { timeSec: number; body: Uint8Array } | undefined {
  if (text.length > encodedLength) return undefined;
  try {
    const bytes = fromBase64(text);
    if (bytes.length !== 40) return undefined;
    return { timeSec: Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)), body: bytes.slice(8) };
  } catch (error) {
    if (TorError.is(error)) return undefined;
    throw error;
  }
}

/** Our own commit. `randomBytes` are 32 fresh bytes; they are hashed, so that the source's output never shows. */
export function makeCommit(identity: Uint8Array, timeSec: number, randomBytes: Uint8Array): Commit {
  const reveal = encode(timeSec, sha3_256(randomBytes));
  const hashedReveal = sha3_256(fromLatin1(reveal));
  return {
    identity,
    commitSec: timeSec,
    hashedReveal,
    encoded: encode(timeSec, hashedReveal),
    reveal: { revealSec: timeSec, encoded: reveal },
  };
}

/** Reads a commit of a vote or of our own state; undefined when it is not one we understand. */
export function readCommit(line: SharedRandomCommit): Commit | undefined {
  if (line.version > protocolVersion || line.algorithm !== algorithm) return undefined;
  const commit = decode(line.commit);
  const reveal = line.reveal === undefined ? undefined : decode(line.reveal);
  if (commit === undefined || (line.reveal !== undefined && reveal === undefined)) return undefined;
  return {
    identity: line.identity,
    commitSec: commit.timeSec,
    hashedReveal: commit.body,
    encoded: line.commit,
    reveal:
      reveal === undefined || line.reveal === undefined
        ? undefined
        : { revealSec: reveal.timeSec, encoded: line.reveal },
  };
}

/** Whether a commit's reveal is what was promised. */
export function revealMatches(commit: Commit): boolean {
  const { reveal } = commit;
  return (
    reveal !== undefined &&
    reveal.revealSec === commit.commitSec &&
    bytesEqual(sha3_256(fromLatin1(reveal.encoded)), commit.hashedReveal)
  );
}

/**
 * The shared random value of a run. spec: srv-spec 4.1.3; C tor puts the reveals into the order of the hashed reveals,
 * not of the authorities' fingerprints.
 */
export function computeSharedRandom(commits: readonly Commit[], previous: Uint8Array | undefined): SharedRandomLine {
  const revealed = commits.filter((commit) => commit.reveal !== undefined);
  const texts = [...revealed]
    .sort((a, b) => compareBytes(a.hashedReveal, b.hashedReveal))
    .map((commit) => `${base16Upper(commit.identity)}${commit.reveal?.encoded ?? ''}`);
  const writer = new Writer();
  writer.u64(BigInt(revealed.length));
  writer.u32(protocolVersion);
  const value = sha3_256(
    concatBytes(
      fromLatin1('shared-random'),
      writer.finish(),
      sha3_256(fromLatin1(texts.join(''))),
      previous ?? new Uint8Array(32),
    ),
  );
  return { reveals: revealed.length, value };
}
