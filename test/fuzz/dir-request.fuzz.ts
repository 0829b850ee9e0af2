import { fromLatin1 } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import { encodeHead, hasContent } from '../../src/roles/dircache/answer.ts';
import { DirCache, type DirContent } from '../../src/roles/dircache/index.ts';
import { RequestReader } from '../../src/roles/dircache/request.ts';

export const name = 'dir-request';

const nowMs = Date.UTC(2026, 10, 21, 12);
const served = {
  text: 'network-status-version 3\n',
  sha3: 'AB'.repeat(32),
  validAfterMs: nowMs - 1000,
  freshUntilMs: nowMs + 1000,
  validUntilMs: nowMs + 2000,
  signers: ['0A'.repeat(20)],
};
const descriptor = { text: 'router a\n', publishedMs: nowMs };
/** Has an answer for everything. */
const content: DirContent = {
  consensus: (flavor) => ({ ...served, flavor }),
  consensusDiff: (_flavor, from) => (from.startsWith('C') ? 'network-status-diff-version 1\n' : undefined),
  certificates: () => [],
  microdescriptor: () => 'onion-key\n',
  descriptorByDigest: () => descriptor,
  descriptorById: () => descriptor,
  extraInfoByDigest: () => descriptor,
  extraInfoById: () => descriptor,
  relayIds: () => [new Uint8Array(20)],
};
const cache = new DirCache({ clock: { now: () => nowMs, monotonic: () => 0 }, content, hooks: {} });

/** A request in two chunks, the first as long as the first byte says; the answer's head must be one, whatever came. */
export function fuzz(data: Uint8Array): void {
  const bytes = data.subarray(1);
  const cut = Math.min(bytes.length, data[0] ?? 0);
  const reader = new RequestReader({ maxBodyBytes: 4096 });
  let request: ReturnType<RequestReader['push']>;
  try {
    request = reader.push(bytes.slice(0, cut)) ?? reader.push(bytes.slice(cut));
  } catch (error) {
    if (TorError.is(error) && error.kind !== 'bug') return;
    throw error;
  }
  if (request === undefined) return;
  const asker = { address: '198.51.100.7', encrypted: true, anonymous: true };
  const answer = cache.answer(request, asker);
  if (answer instanceof Promise) return;
  const head = Buffer.from(encodeHead(answer, asker, nowMs)).toString('latin1');
  if (!/^HTTP\/1\.0 \d{3} [^\r\n]+\r\n(?:[A-Za-z-]+: [^\r\n]*\r\n)+\r\n$/.test(head))
    throw new Error(`a broken head: ${head}`);
  if (!hasContent(answer)) return;
  let length = 0;
  for (const part of answer.parts) length += part.length;
  if (answer.length !== undefined && answer.length !== length) throw new Error('the length is not what it says');
}

export const seeds = (): Uint8Array[] =>
  [
    'GET /tor/status-vote/current/consensus-microdesc/0A0A0A+0B.z HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n',
    `GET /tor/status-vote/current/consensus/diff/${'CD'.repeat(32)}/0A HTTP/1.0\r\n\r\n`,
    `GET /tor/status-vote/current/consensus HTTP/1.0\r\nX-Or-Diff-From-Consensus: ${'CD'.repeat(32)}\r\n\r\n`,
    'GET /tor/status-vote/current/consensus HTTP/1.0\r\nIf-Modified-Since: Sat, 21 Nov 2026 07:03:09 GMT\r\n\r\n',
    `GET /tor/micro/d/${'A'.repeat(43)}-${'B'.repeat(42)}A.z HTTP/1.0\r\n\r\n`,
    `GET /tor/server/fp/${'0A'.repeat(20)}+${'0B'.repeat(20)} HTTP/1.0\r\n\r\n`,
    'GET /tor/server/all HTTP/1.0\r\n\r\n',
    'GET /tor/extra/authority HTTP/1.0\r\n\r\n',
    `GET http://a/tor/keys/fp-sk/${'0A'.repeat(20)}-${'0B'.repeat(20)} HTTP/1.1\r\n\r\n`,
    `GET /tor/hs/3/${'A'.repeat(43)} HTTP/1.0\r\n\r\n`,
    'POST /tor/hs/3/publish HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody',
    'POST /tor/ HTTP/1.0\r\nX-Desc-Gen-Reason: none\r\nContent-Length: 0\r\n\r\n',
    'GET /tor/networkstatus-bridges HTTP/1.0\r\nAuthorization: Basic YTpi\r\n\r\n',
  ].map((text, i) => fromLatin1(String.fromCharCode(i * 7) + text));
