import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { base16Upper, latin1 } from '../../../../src/base/bytes/index.ts';
import { type DirAnswer, encodeHead, hasContent } from '../../../../src/roles/dircache/answer.ts';
import { type Asker, DirCache, type DirCacheOptions, type DirHooks } from '../../../../src/roles/dircache/index.ts';
import type { ServerRequest } from '../../../../src/roles/dircache/request.ts';
import { FakeTime } from '../../network/fakes.ts';
import {
  certificates,
  client,
  consensusOf,
  FakeContent,
  get,
  microdescs,
  nowMs,
  post,
  relays,
  stranger,
  throughTor,
} from './support.ts';

const id = (i: number): string => base16Upper(relays[i]?.id ?? new Uint8Array(0));

function setUp(hooks: DirHooks = {}, options: DirCacheOptions = {}) {
  const content = new FakeContent();
  const cache = new DirCache({ clock: new FakeTime(nowMs), content, hooks }, options);
  const ask = async (request: ServerRequest | string, asker: Asker = client) =>
    cache.answer(typeof request === 'string' ? get(request) : request, asker);
  return { content, ask };
}

const statusOf = (answer: DirAnswer): string =>
  'reason' in answer ? `${answer.status} ${answer.reason}` : `${answer.status}`;
const textOf = (answer: DirAnswer): string => {
  assert.ok(hasContent(answer), statusOf(answer));
  return [...answer.parts].map((part) => (typeof part === 'string' ? part : latin1(part))).join('');
};
const head = (answer: DirAnswer, asker: Asker = client): string[] =>
  latin1(encodeHead(answer, asker, nowMs)).split('\r\n');

describe('the consensus', () => {
  const path = '/tor/status-vote/current/consensus-microdesc';

  it('is served in both flavours; an unknown flavour is the first one', async () => {
    const { ask } = setUp();
    assert.equal(textOf(await ask(path)), consensusOf('microdesc', '072820').text);
    assert.equal(textOf(await ask('/tor/status-vote/current/consensus')), consensusOf('ns', '072820').text);
    assert.equal(textOf(await ask('/tor/status-vote/current/consensus-soup')), consensusOf('ns', '072820').text);
  });

  it('has the headers of C tor', async () => {
    const { ask } = setUp();
    assert.deepEqual(head(await ask(get(path, { 'Accept-Encoding': 'x-tor-lzma, gzip' }))), [
      'HTTP/1.0 200 OK',
      'Date: Sat, 21 Nov 2026 07:28:30 GMT',
      'Content-Type: text/plain',
      'X-Your-Address-Is: 198.51.100.7',
      'Content-Encoding: gzip',
      'Expires: Sat, 21 Nov 2026 07:28:40 GMT',
      'Vary: X-Or-Diff-From-Consensus',
      '',
      '',
    ]);
  });

  it('tells nobody near their address', async () => {
    const { ask } = setUp();
    const lines = head(await ask(path), { ...client, address: '192.168.1.7' });
    assert.ok(!lines.some((line) => line.startsWith('X-Your')));
  });

  it('must be signed by more than half of those named', async () => {
    const { ask } = setUp();
    const [a = '', b = '', c = ''] = consensusOf('microdesc', '072820').signers;
    const other = '0'.repeat(40);
    assert.equal(statusOf(await ask(`${path}/${a.slice(0, 6)}+${b.slice(0, 6)}+${other}.z`)), '200');
    assert.equal(statusOf(await ask(`${path}/${a}+${b.toLowerCase()}+${c}`)), '200');
    const refusal = '404 Consensus not signed by sufficient number of requested authorities';
    assert.equal(statusOf(await ask(`${path}/${a}+${other}`)), refusal);
    assert.equal(statusOf(await ask(`${path}/${other}`)), refusal);
  });

  it('is not sent again', async () => {
    const { ask, content } = setUp();
    const later = { 'If-Modified-Since': 'Sat, 21 Nov 2026 07:28:21 GMT' };
    assert.equal(statusOf(await ask(get(path, later))), '304 Not modified');
    const same = { 'If-Modified-Since': 'Sat, 21 Nov 2026 07:28:20 GMT' };
    assert.equal(statusOf(await ask(get(path, same))), '200');
    assert.equal(statusOf(await ask(get(path, { 'If-Modified-Since': 'yesterday' }))), '200');
    const sha3 = content.consensus('microdesc')?.sha3 ?? '';
    assert.equal(statusOf(await ask(get(path, { 'X-Or-Diff-From-Consensus': `zz ${sha3}` }))), '304 Not modified');
  });

  it('is served as a diff where there is one', async () => {
    const { ask, content } = setUp();
    const old = 'AB'.repeat(32);
    content.diffs.set(`microdesc ${old}`, 'network-status-diff-version 1\n');
    const header = { 'X-Or-Diff-From-Consensus': `${'CD'.repeat(32)} ${old.toLowerCase()}` };
    assert.equal(textOf(await ask(get(path, header))), 'network-status-diff-version 1\n');
    assert.equal(textOf(await ask(`${path}/diff/${old}/`.replace(/\/$/, ''))), 'network-status-diff-version 1\n');
    const unknown = { 'X-Or-Diff-From-Consensus': 'CD'.repeat(32) };
    assert.equal(textOf(await ask(get(path, unknown))), consensusOf('microdesc', '072820').text);
    assert.equal(statusOf(await ask(`${path}/diff/${'CD'.repeat(32)}`)), '404 No such diff available');
    assert.equal(statusOf(await ask(`${path}/diff/soup`)), "404 Couldn't parse request");
  });

  it('is not served when it is far from now', async () => {
    const { content } = setUp();
    for (const [at, word] of [
      [nowMs + 2 * 86_400_000, 'old'],
      [nowMs - 2 * 86_400_000, 'new'],
    ] as const) {
      const cache = new DirCache({ clock: new FakeTime(at), content, hooks: {} });
      assert.equal(statusOf(await cache.answer(get(path), client)), `404 Consensus is too ${word}`);
    }
    content.current.clear();
    const empty = new DirCache({ clock: new FakeTime(nowMs), content, hooks: {} });
    assert.equal(statusOf(await empty.answer(get(path), client)), '404 Not found');
  });

  it('waits when there is no bandwidth', async () => {
    const { ask } = setUp({}, { isBandwidthLow: (bytes) => bytes > 1000 });
    assert.equal(statusOf(await ask(path)), '503 Directory busy, try again later');
    assert.equal(statusOf(await ask('/tor/robots.txt')), '200');
  });
});

describe('microdescriptors', () => {
  it('come sorted, each once, without those that are not there', async () => {
    const { ask } = setUp();
    const [first = '', second = ''] = [...microdescs.keys()];
    const answer = await ask(`/tor/micro/d/${second}-${first}-${'A'.repeat(43)}-soup-${second}.z`);
    const byBytes = [first, second].sort((a, b) => Buffer.compare(Buffer.from(a, 'base64'), Buffer.from(b, 'base64')));
    assert.equal(textOf(answer), byBytes.map((key) => microdescs.get(key)).join(''));
    assert.ok(head(answer).includes('Content-Encoding: deflate'));
    assert.ok(head(answer).includes('Expires: Mon, 23 Nov 2026 07:28:30 GMT'));
    assert.equal(statusOf(await ask(`/tor/micro/d/${'A'.repeat(43)}`)), '404 Not found');
    assert.equal(statusOf(await ask('/tor/micro/d/')), '404 Not found');
    assert.equal(statusOf(await ask('/tor/micro/all')), '404 Not found');
  });
});

describe('server descriptors', () => {
  it('come by digest, by relay, and all of them', async () => {
    const { ask } = setUp();
    assert.equal(textOf(await ask(`/tor/server/d/${id(1)}+${id(0).toLowerCase()}`)), 'router one\nrouter two\n');
    assert.equal(textOf(await ask(`/tor/server/fp/${id(0)}+${id(1)}`)), 'router one\n', 'the second is a day old');
    assert.equal(textOf(await ask('/tor/server/all')), 'router one\n');
  });

  it('of bridges never go in the clear', async () => {
    const { ask } = setUp();
    assert.equal(textOf(await ask(`/tor/server/fp/${id(2)}`, client)), 'router bridge\n');
    assert.equal(statusOf(await ask(`/tor/server/fp/${id(2)}`, stranger)), '404 Servers unavailable');
  });

  it('are refused in the words of C tor', async () => {
    const { ask } = setUp();
    assert.equal(statusOf(await ask('/tor/server/soup')), '404 Not found');
    assert.equal(statusOf(await ask('/tor/server/d/soup')), '404 Servers unavailable');
    assert.equal(statusOf(await ask(`/tor/server/d/${'0'.repeat(40)}`)), '404 Not found');
    assert.equal(statusOf(await ask('/tor/server/authority')), '404 Servers unavailable');
    assert.equal(statusOf(await ask('/tor/extra/all')), '404 Not found');
  });

  it('of ourselves', async () => {
    const own = { text: 'router me\n', publishedMs: nowMs };
    const { ask } = setUp({ ownDescriptor: () => own });
    const answer = await ask('/tor/server/authority');
    assert.equal(textOf(answer), own.text);
    assert.ok(!head(answer).some((line) => line.startsWith('Content-Length')), 'C tor tells no length here');
  });

  it('of ourselves come by our identity too, the newest there is', async () => {
    const [ownDescriptor, ownExtraInfo] = ['router me\n', 'extra-info me\n'].map((text) => () => ({
      text,
      publishedMs: nowMs,
    }));
    assert.ok(ownDescriptor !== undefined && ownExtraInfo !== undefined);
    const { ask } = setUp({ ownRsaId: new Uint8Array(20).fill(1), ownDescriptor, ownExtraInfo });
    assert.equal(textOf(await ask(`/tor/server/fp/${id(0)}`)), 'router me\n');
    assert.equal(textOf(await ask('/tor/server/all')), 'router me\n', 'not the older one that others gave');
    assert.equal(textOf(await ask(`/tor/extra/fp/${id(0)}`)), 'extra-info me\n');
    assert.equal(textOf(await ask('/tor/extra/all')), 'extra-info me\n');
    const stranger = setUp({ ownRsaId: new Uint8Array(20).fill(9), ownDescriptor });
    assert.equal(textOf(await stranger.ask('/tor/server/all')), 'router one\nrouter me\n');
  });
});

describe('certificates', () => {
  const [one] = certificates;
  const identity = base16Upper(one?.identity ?? new Uint8Array(0));
  const key = base16Upper(one?.signingKeyDigest ?? new Uint8Array(0));

  it('come by every name', async () => {
    const { ask } = setUp();
    assert.equal(textOf(await ask('/tor/keys/all')), certificates.map(({ text }) => text).join(''));
    assert.equal(textOf(await ask(`/tor/keys/fp/${identity}`)), one?.text);
    assert.equal(textOf(await ask(`/tor/keys/sk/${key}+${'0'.repeat(40)}`)), one?.text);
    assert.equal(textOf(await ask(`/tor/keys/fp-sk/${identity}-${key}`)), one?.text);
    assert.equal(statusOf(await ask(`/tor/keys/fp-sk/${identity}-${identity}`)), '404 Not found');
    assert.equal(statusOf(await ask('/tor/keys/authority')), '404 Not found');
    assert.equal(statusOf(await ask('/tor/keys/soup')), '400 Bad request');
  });

  it('tell their length when they are not compressed, and are not sent again', async () => {
    const { ask } = setUp();
    assert.ok(head(await ask(`/tor/keys/fp/${identity}`)).includes(`Content-Length: ${one?.text.length}`));
    const compressed = await ask(get(`/tor/keys/fp/${identity}`, { 'Accept-Encoding': 'gzip' }));
    assert.ok(!head(compressed).some((line) => line.startsWith('Content-Length')));
    const since = { 'If-Modified-Since': 'Sun, 22 Nov 2026 00:00:00 GMT' };
    assert.equal(statusOf(await ask(get('/tor/keys/all', since))), '304 Not modified');
  });
});

describe('onion service descriptors', () => {
  const stored = new Map([['a'.repeat(42), 'descriptor']]);
  const hsDir = {
    get: (key: Uint8Array) => stored.get(Buffer.from(key).toString('base64').slice(0, 42)),
    put: (text: string) => {
      if (text !== 'good') throw new Error('bad');
    },
  };

  it('are for anonymous askers only', async () => {
    const { ask } = setUp({ hsDir });
    const path = `/tor/hs/3/${'a'.repeat(42)}A`;
    assert.equal(statusOf(await ask(path, client)), '503 Rejecting single hop HS v3 descriptor request');
    assert.equal(statusOf(await ask(path, stranger)), '503 Rejecting single hop HS v3 descriptor request');
    const answer = await ask(path, throughTor);
    assert.equal(textOf(answer), 'descriptor');
    assert.deepEqual(head(answer, throughTor).slice(4), [
      'Content-Encoding: identity',
      'Content-Length: 10',
      'Pragma: no-cache',
      '',
      '',
    ]);
    assert.equal(statusOf(await ask('/tor/hs/3/soup', throughTor)), '404 Not found');
  });

  it('are taken when they are good', async () => {
    const { ask } = setUp({ hsDir });
    const publish = '/tor/hs/3/publish';
    assert.equal(statusOf(await ask(post(publish, 'good'), throughTor)), '200 HS descriptor stored successfully.');
    assert.equal(statusOf(await ask(post(publish, 'evil'), throughTor)), '400 Invalid HS descriptor. Rejected.');
    assert.equal(
      statusOf(await ask(post('/tor/hs/2/publish', 'good'), throughTor)),
      '400 Invalid HS descriptor. Rejected.',
    );
    assert.equal(statusOf(await ask(post(publish, 'good'), client)), '503 Rejecting single hop HS descriptor post');
    assert.equal(
      statusOf(await setUp().ask(post(publish, 'good'), throughTor)),
      '400 Invalid HS descriptor. Rejected.',
    );
  });
});

describe('everything else', () => {
  it('of an authority is a hook', async () => {
    const { ask } = setUp({
      statusVote: (path) => (path === 'next/consensus-signatures' ? ['signatures'] : []),
      bandwidthFile: () => '1234\n',
      post: (path) => {
        if (path === '/tor/post/vote') return { status: 200, message: 'Vote stored' };
        return path === '/tor/' ? { status: 200, message: '', headers: ['X-Descriptor-Not-New: Yes'] } : undefined;
      },
    });
    assert.equal(textOf(await ask('/tor/status-vote/next/consensus-signatures.z')), 'signatures');
    assert.equal(statusOf(await ask('/tor/status-vote/current/authority')), '404 Not found');
    assert.equal(textOf(await ask('/tor/status-vote/next/bandwidth')), '1234\n');
    assert.equal(statusOf(await ask(post('/tor/post/vote', ''))), '200 Vote stored');
    assert.equal(statusOf(await ask(post('/tor/soup', ''))), '404 Not found');
    assert.deepEqual(head(await ask(post('/tor/', ''))).slice(3), ['X-Descriptor-Not-New: Yes', '', '']);
  });

  it('is refused by a cache, and all uploads by a bridge', async () => {
    const refusal = '400 Nonauthoritative directory does not accept posted server descriptors';
    assert.equal(statusOf(await setUp().ask(post('/tor/', ''))), refusal);
    assert.equal(
      statusOf(await setUp({}, { bridge: true }).ask(post('/tor/', ''))),
      '503 Not acting as a public relay',
    );
    assert.equal(statusOf(await setUp({}, { bridge: true }).ask('/tor/extra/all')), '404 Not found');
  });

  it('is pages and errors', async () => {
    const { ask } = setUp({}, { frontPage: '<p>hello' });
    assert.ok(head(await ask('/tor/')).includes('Content-Type: text/html'));
    assert.equal(statusOf(await setUp().ask('/tor/')), '404 Not found');
    assert.equal(textOf(await ask('/tor/robots.txt')), 'User-agent: *\r\nDisallow: /\r\n');
    assert.equal(statusOf(await ask('/')), '404 Not found');
    assert.equal(statusOf(await ask('')), '400 Bad request');
    assert.deepEqual(head(await ask('/')), ['HTTP/1.0 404 Not found', 'Date: Sat, 21 Nov 2026 07:28:30 GMT', '', '']);
  });

  it('of a bridge authority needs its password and encryption', async () => {
    const { ask } = setUp({ bridgeStatus: (word) => (word === 'c2VjcmV0' ? 'bridges' : undefined) });
    const request = get('/tor/networkstatus-bridges', { Authorization: 'Basic c2VjcmV0' });
    assert.equal(textOf(await ask(request)), 'bridges');
    assert.equal(statusOf(await ask(request, stranger)), '404 Not found');
    assert.equal(statusOf(await ask('/tor/networkstatus-bridges')), '404 Not found');
  });
});
