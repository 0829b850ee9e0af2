import type { ConsensusFlavor } from '../../wire/netdoc/index.ts';
import { type ContentAnswer, type DirAnswer, notFound, notModified } from './answer.ts';
import type { Compressed } from './compressed.ts';
import type { DirContent, ServedConsensus } from './content.ts';
import { bestEncoding, type Encoding } from './negotiate.ts';
import { modifiedSince, type ServerRequest } from './request.ts';

export interface ConsensusAnswerDeps {
  readonly content: DirContent;
  readonly compressed: Compressed;
}

interface ConsensusRequest {
  readonly flavor: ConsensusFlavor;
  /** `+`-separated beginnings of authorities' identities; undefined when none are named. */
  readonly signers: string | undefined;
  readonly diffFrom: readonly string[];
  readonly diffOnly: boolean;
}

const reasonablyLiveMs = 86_400_000;
const prefix = '/tor/status-vote/current/consensus';

/** GET /tor/status-vote/current/consensus... C tor handle_get_current_consensus. spec: dir-spec 4.3, 4.5, 5.2 */
export function consensusAnswer(
  deps: ConsensusAnswerDeps,
  path: string,
  request: ServerRequest,
  accepted: ReadonlySet<Encoding>,
  nowMs: number,
): DirAnswer {
  const wanted = parseConsensusPath(path, request);
  if (wanted === undefined) return { status: 404, reason: "Couldn't parse request" };
  const current = deps.content.consensus(wanted.flavor);
  if (current !== undefined && wanted.diffFrom.includes(current.sha3)) return notModified;
  const diff = current === undefined ? undefined : firstDiff(deps.content, wanted);
  if (wanted.diffOnly && diff === undefined) return { status: 404, reason: 'No such diff available' };
  if (current === undefined) return notFound;
  const refusal = refuse(current, wanted, nowMs);
  if (refusal !== undefined) return refusal;
  const sinceMs = modifiedSince(request);
  if (sinceMs !== undefined && current.validAfterMs < sinceMs) return notModified;
  return serve(deps.compressed, current, diff, accepted, nowMs);
}

function refuse(current: ServedConsensus, wanted: ConsensusRequest, nowMs: number): DirAnswer | undefined {
  if (nowMs < current.validAfterMs - reasonablyLiveMs) return { status: 404, reason: 'Consensus is too new' };
  if (nowMs > current.validUntilMs + reasonablyLiveMs) return { status: 404, reason: 'Consensus is too old' };
  if (wanted.signers === undefined || isLiked(current, wanted.signers)) return undefined;
  return { status: 404, reason: 'Consensus not signed by sufficient number of requested authorities' };
}

function serve(
  compressed: Compressed,
  current: ServedConsensus,
  diff: string | undefined,
  accepted: ReadonlySet<Encoding>,
  nowMs: number,
): ContentAnswer {
  const text = diff ?? current.text;
  const encoding = bestEncoding(accepted);
  const ready = encoding === 'identity' ? undefined : compressed.get(text, encoding);
  return {
    status: 200,
    parts: [ready ?? text],
    encoding,
    encoded: ready !== undefined,
    lifetimeSec: Math.max(0, Math.floor((current.freshUntilMs - nowMs) / 1000)),
    headers: ['Vary: X-Or-Diff-From-Consensus'],
    estimate: ready?.length ?? (encoding === 'identity' ? text.length : text.length / 2),
  };
}

function firstDiff(content: DirContent, wanted: ConsensusRequest): string | undefined {
  for (const from of wanted.diffFrom) {
    const diff = content.consensusDiff(wanted.flavor, from);
    if (diff !== undefined) return diff;
  }
  return undefined;
}

/** More than half of the named authorities signed it. */
function isLiked(current: ServedConsensus, signers: string): boolean {
  const names = signers.toUpperCase().split('+');
  const good = names.filter((name) => current.signers.some((signer) => signer.startsWith(name))).length;
  return good >= Math.floor(names.length / 2) + 1;
}

/** Undefined for a diff path that names no digest. An unknown flavour counts as `ns`, as in C tor. */
function parseConsensusPath(path: string, request: ServerRequest): ConsensusRequest | undefined {
  const match = /^(?:-([^/]*))?(?:\/(.*))?$/.exec(path.slice(prefix.length));
  if (match === null) return { flavor: 'ns', signers: undefined, diffFrom: headerDigests(request), diffOnly: false };
  const flavor = match[1] === 'microdesc' ? 'microdesc' : 'ns';
  const rest = match[2];
  if (rest?.startsWith('diff/') !== true) {
    return { flavor, signers: rest, diffFrom: headerDigests(request), diffOnly: false };
  }
  const [digest = '', ...signers] = rest.slice('diff/'.length).split('/');
  if (!isDigest(digest)) return undefined;
  const names = signers.length === 0 ? undefined : signers.join('/');
  return { flavor, signers: names, diffFrom: [digest.toUpperCase()], diffOnly: true };
}

const isDigest = (text: string): boolean => /^[0-9a-fA-F]{64}$/.test(text);

/** Bogus digests are passed over. */
function headerDigests(request: ServerRequest): string[] {
  const header = request.headers.get('x-or-diff-from-consensus') ?? '';
  return header
    .split(' ')
    .filter(isDigest)
    .slice(0, maxDiffDigests)
    .map((digest) => digest.toUpperCase());
}

const maxDiffDigests = 32;
