import { bytesEqual, fromBase64 } from '../../base/bytes/index.ts';
import type { AuthorityCertificate } from '../../wire/netdoc/index.ts';
import { type ContentAnswer, type DirAnswer, notFound, notModified } from './answer.ts';
import type { Asker, DirContent, DirHooks, ServedDescriptor } from './content.ts';
import { bestEncoding, type Encoding } from './negotiate.ts';
import { modifiedSince, type ServerRequest } from './request.ts';
import { base64Digests, digestPairs, hexDigests } from './resource.ts';

/** What a handler is given. `path` has lost its `.z`. */
export interface HandlerInput {
  readonly path: string;
  readonly request: ServerRequest;
  readonly accepted: ReadonlySet<Encoding>;
  readonly asker: Asker;
  readonly nowMs: number;
  readonly content: DirContent;
  readonly hooks: DirHooks;
}

const hourSec = 3600;
const dayMs = 86_400_000;

/** Texts compressed on the way; the length is told when they are not. */
function texts(parts: readonly string[], accepted: ReadonlySet<Encoding>, lifetimeSec: number): ContentAnswer {
  const encoding = bestEncoding(accepted);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const isPlain = encoding === 'identity';
  return {
    status: 200,
    parts,
    encoding,
    ...(isPlain && { length }),
    lifetimeSec,
    estimate: isPlain ? length : length / 2,
  };
}

/** Documents looked up as they are sent, so that a slow reader holds none of them. Content-Length is not told. */
function spooled(
  digests: readonly Uint8Array[],
  find: (digest: Uint8Array) => string | undefined,
  accepted: ReadonlySet<Encoding>,
  lifetimeSec: number,
): ContentAnswer {
  const encoding = bestEncoding(accepted);
  const size = digests.reduce((sum, digest) => sum + (find(digest)?.length ?? 0), 0);
  return {
    status: 200,
    parts: {
      *[Symbol.iterator]() {
        for (const digest of digests) yield find(digest) ?? '';
      },
    },
    encoding,
    lifetimeSec,
    estimate: encoding === 'identity' ? size : size / 2,
  };
}

/** GET /tor/micro/d/... */
export function microdescAnswer({ path, accepted, content }: HandlerInput): DirAnswer {
  const find = (digest: Uint8Array): string | undefined => content.microdescriptor(digest);
  const there = base64Digests(path.slice('/tor/micro/d/'.length)).filter((digest) => find(digest) !== undefined);
  return there.length === 0 ? notFound : spooled(there, find, accepted, 48 * hourSec);
}

/** GET /tor/server/... and /tor/extra/... spec: dir-spec 4.3 */
export function descriptorAnswer(input: HandlerInput, kind: 'server' | 'extra'): DirAnswer {
  const { path, content, hooks, asker, nowMs } = input;
  const resource = path.slice(`/tor/${kind}/`.length);
  const isExtra = kind === 'extra';
  const byDigest = resource.startsWith('d/');
  const own = isExtra ? hooks.ownExtraInfo : hooks.ownDescriptor;
  const isOwn = (digest: Uint8Array): boolean => hooks.ownRsaId !== undefined && bytesEqual(digest, hooks.ownRsaId);
  const find = (digest: Uint8Array): ServedDescriptor | undefined => {
    const ours = !byDigest && isOwn(digest) ? own?.() : undefined;
    if (ours !== undefined) return ours;
    if (byDigest) return isExtra ? content.extraInfoByDigest(digest) : content.descriptorByDigest(digest);
    return isExtra ? content.extraInfoById(digest) : content.descriptorById(digest);
  };
  const isAll = resource === 'all';
  const maySend = (each: ServedDescriptor): boolean =>
    (each.confidential !== true || (asker.encrypted && !isAll)) && (byDigest || each.publishedMs >= nowMs - dayMs);
  if (resource === 'authority') return ownAnswer(own?.(), maySend, input);
  const digests = digestsOf(resource, content, hooks.ownRsaId);
  if (digests === undefined) return notFound;
  const there = digests.filter((digest) => {
    const found = find(digest);
    return found !== undefined && maySend(found);
  });
  if (digests.length === 0 || (there.length === 0 && !asker.encrypted)) {
    return { status: 404, reason: 'Servers unavailable' };
  }
  if (there.length === 0) return notFound;
  const lifetimeSec = isAll ? hourSec : there.length === 1 ? 48 * hourSec : 0;
  return spooled(there, (digest) => find(digest)?.text, input.accepted, lifetimeSec);
}

function digestsOf(
  resource: string,
  content: DirContent,
  ownRsaId: Uint8Array | undefined,
): readonly Uint8Array[] | undefined {
  if (resource === 'all') {
    const ids = [...content.relayIds()];
    if (ownRsaId === undefined || ids.some((id) => bytesEqual(id, ownRsaId))) return ids;
    return [...ids, ownRsaId];
  }
  const list = /^(?:d|fp)\/(.*)$/.exec(resource)?.[1];
  return list === undefined ? undefined : hexDigests(list);
}

function ownAnswer(
  own: ServedDescriptor | undefined,
  maySend: (descriptor: ServedDescriptor) => boolean,
  { accepted }: HandlerInput,
): DirAnswer {
  if (own === undefined || !maySend(own)) return { status: 404, reason: 'Servers unavailable' };
  const { length: _, ...answer } = texts([own.text], accepted, 48 * hourSec);
  return answer;
}

/** GET /tor/keys/... spec: dir-spec 4.6 */
export function keysAnswer({ path, request, accepted, content, hooks }: HandlerInput): DirAnswer {
  const found = certificatesFor(path.slice('/tor/keys/'.length), content.certificates(), hooks);
  if (found === undefined) return { status: 400, reason: 'Bad request' };
  if (found.length === 0) return notFound;
  const sinceMs = modifiedSince(request) ?? 0;
  const fresh = found.filter((certificate) => certificate.publishedMs >= sinceMs);
  if (fresh.length === 0) return notModified;
  return texts(
    fresh.map(({ text }) => text),
    accepted,
    hourSec,
  );
}

function certificatesFor(
  resource: string,
  all: readonly AuthorityCertificate[],
  hooks: DirHooks,
): AuthorityCertificate[] | undefined {
  if (resource === 'all') return [...all];
  if (resource === 'authority') return present(hooks.ownCertificate?.());
  const [, kind, list = ''] = /^(fp|sk|fp-sk)\/(.*)$/.exec(resource) ?? [];
  switch (kind) {
    case 'fp':
      return hexDigests(list).flatMap((id) => present(newest(all.filter((each) => bytesEqual(each.identity, id)))));
    case 'sk':
      return hexDigests(list).flatMap((id) => present(all.find((each) => bytesEqual(each.signingKeyDigest, id))));
    case 'fp-sk':
      return digestPairs(list).flatMap(([id, key]) =>
        present(all.find((each) => bytesEqual(each.identity, id) && bytesEqual(each.signingKeyDigest, key))),
      );
    default:
      return undefined;
  }
}

const present = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

function newest(certificates: readonly AuthorityCertificate[]): AuthorityCertificate | undefined {
  return [...certificates].sort((a, b) => b.publishedMs - a.publishedMs)[0];
}

/** GET /tor/hs/3/<blinded key>. spec: rend-spec-v3 2.2.6 */
export function onionAnswer({ path, asker, hooks }: HandlerInput): DirAnswer {
  if (!asker.anonymous) return { status: 503, reason: 'Rejecting single hop HS v3 descriptor request' };
  const name = path.slice('/tor/hs/3/'.length);
  const text = /^[A-Za-z0-9+/]{43}$/.test(name) ? hooks.hsDir?.get(fromBase64(name)) : undefined;
  if (text === undefined) return notFound;
  return {
    status: 200,
    parts: [text],
    encoding: 'identity',
    length: text.length,
    lifetimeSec: 0,
    estimate: text.length,
  };
}

/** GET /tor/status-vote/{current,next}/..., but not the current consensus. */
export function voteAnswer({ path, accepted, hooks }: HandlerInput): DirAnswer {
  const documents = hooks.statusVote?.(path.slice('/tor/status-vote/'.length)) ?? [];
  return documents.length === 0 ? notFound : texts(documents, accepted, 60);
}

/** GET /tor/status-vote/next/bandwidth */
export function bandwidthAnswer({ accepted, hooks }: HandlerInput): DirAnswer {
  const file = hooks.bandwidthFile?.();
  return file === undefined ? notFound : texts([file], accepted, hourSec / 2);
}

/** GET /tor/networkstatus-bridges */
export function bridgesAnswer({ request, asker, hooks }: HandlerInput): DirAnswer {
  const header = request.headers.get('authorization');
  const basic = header?.startsWith('Basic ') === true ? header.slice('Basic '.length) : undefined;
  const status = asker.encrypted ? hooks.bridgeStatus?.(basic) : undefined;
  return status === undefined ? notFound : texts([status], new Set<Encoding>(['identity']), 0);
}
