import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { parseIpv4 } from '../../src/base/ip/index.ts';
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import { DirCacheRole } from '../../src/roles/dircache/index.ts';
import { applyConsensusDiff, parseConsensus } from '../../src/wire/netdoc/index.ts';
import { type HandWired, handWired } from './support/hand-wired.ts';
import type { TorNetwork } from './support/network.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { waitFor } from './support/wait.ts';

interface Answer {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly names: readonly string[];
  readonly body: Buffer;
}

function ask(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode, statusMessage, rawHeaders } = response;
        const names = rawHeaders.filter((_, i) => i % 2 === 0);
        const line = `${statusCode} ${statusMessage}`;
        resolve({ line, headers: response.headers, names, body: Buffer.concat(chunks) });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

function plain({ headers, body }: Answer): string {
  const encoding = headers['content-encoding'];
  const bytes = encoding === 'deflate' ? inflateSync(body) : encoding === 'gzip' ? gunzipSync(body) : body;
  return bytes.toString('latin1');
}

/** Same network, same questions: what C tor answers is right. */
describe('our directory cache beside that of C tor', () => {
  let net: TorNetwork;
  let node: HandWired;
  let role: DirCacheRole;
  let ours: number;
  let theirs: number;

  before(async () => {
    net = await sharedNetwork();
    theirs = net.descriptions('authority')[0]?.dirPort ?? 0;
    node = await handWired(net, await mkdtemp(join(net.folder, 'cache-')), {
      isCache: true,
      isRelay: true,
      fetchDirInfoEarly: true,
      fetchDirInfoExtraEarly: true,
    });
    role = new DirCacheRole(
      { ...nodeRuntime, store: node.store, directory: node.directory },
      { dirPorts: [{ address: parseIpv4('127.0.0.1') ?? new Uint8Array(4), port: 0 }] },
    );
    node.circuits.start();
    await node.directory.start();
    ours = (await role.start())[0]?.port ?? 0;
    await waitFor(
      'both consensuses and every descriptor',
      async () => {
        const [ns, microdesc] = (['ns', 'microdesc'] as const).map((flavor) => node.directory.consensus(flavor));
        if (ns === undefined || microdesc === undefined) return undefined;
        const all = ns.relays.every((relay) => node.directory.descriptor(relay.descriptorDigest) !== undefined);
        return all && microdesc.relays.every((relay) => node.directory.microdescriptor(relay.descriptorDigest))
          ? true
          : undefined;
      },
      { timeoutMs: 60_000 },
    );
  });
  after(async () => {
    await role?.stop();
    await node?.stop();
    await net?.stop();
  });

  it('gives the same status lines and headers', { timeout: 60_000 }, async () => {
    const consensus = node.directory.consensus('microdesc');
    const ns = node.directory.consensus('ns');
    assert.ok(consensus !== undefined && ns !== undefined);
    const fingerprint = Buffer.from(ns.relays[0]?.rsaId ?? []).toString('hex');
    const digest = Buffer.from(ns.relays[0]?.descriptorDigest ?? []).toString('hex');
    const microdesc = Buffer.from(consensus.relays[0]?.descriptorDigest ?? [])
      .toString('base64')
      .replace(/=+$/, '');
    const [signer] = consensus.signatures.map(({ identity }) => Buffer.from(identity).toString('hex'));
    const current = '/tor/status-vote/current/consensus';
    const zeros = '0'.repeat(40);
    const date = new Date(Date.now() + 3600_000).toUTCString();
    const cases: [path: string, headers?: Record<string, string>][] = [
      ['/'],
      ['/tor/'],
      ['/tor/robots.txt'],
      ['/tor/soup'],
      [`${current}-microdesc`, { 'Accept-Encoding': 'deflate' }],
      [`${current}-microdesc.z`],
      [`${current}`, { 'Accept-Encoding': 'identity' }],
      [`${current}-microdesc/${signer}.z`],
      [`${current}-microdesc/${zeros}.z`],
      [`${current}-microdesc/${zeros}+${signer}.z`],
      [`${current}-microdesc/diff/${'0'.repeat(64)}`],
      [`${current}-microdesc/diff/soup`],
      [`${current}-microdesc`, { 'If-Modified-Since': date }],
      [`${current}-microdesc`, { 'If-Modified-Since': 'soup' }],
      [`/tor/micro/d/${microdesc}`],
      [`/tor/micro/d/${microdesc}.z`],
      [`/tor/micro/d/${microdesc}-${'A'.repeat(43)}`, { 'Accept-Encoding': 'gzip' }],
      [`/tor/micro/d/${'A'.repeat(43)}`],
      ['/tor/micro/d/soup'],
      [`/tor/server/d/${digest}`],
      [`/tor/server/d/${digest}+${zeros}.z`],
      [`/tor/server/fp/${fingerprint}`],
      [`/tor/server/d/${zeros}`],
      ['/tor/server/d/soup'],
      ['/tor/server/soup'],
      ['/tor/server/all', { 'Accept-Encoding': 'gzip' }],
      ['/tor/extra/soup'],
      [`/tor/extra/d/${zeros}`],
      ['/tor/keys/all'],
      ['/tor/keys/all.z'],
      [`/tor/keys/fp/${signer}`],
      [`/tor/keys/fp/${zeros}`],
      [`/tor/keys/fp-sk/${zeros}-${zeros}`],
      ['/tor/keys/all', { 'If-Modified-Since': date }],
      ['/tor/keys/soup'],
      [`/tor/hs/3/${'A'.repeat(43)}`],
    ];
    for (const [path, headers] of cases) {
      const [mine, right] = await Promise.all([ask(ours, path, headers), ask(theirs, path, headers)]);
      assert.equal(mine.line, right.line, path);
      // A consensus that is fresh there may be a little older here.
      const names = (answer: Answer): string[] => answer.names.map((name) => name.replace('Pragma', 'Expires'));
      assert.deepEqual(
        path.startsWith(current) ? names(mine) : mine.names,
        path.startsWith(current) ? names(right) : right.names,
        path,
      );
      assert.equal(mine.headers['content-encoding'], right.headers['content-encoding'], path);
      assert.equal(mine.headers['content-type'], right.headers['content-type'], path);
      if (path.startsWith(current) || path.startsWith('/tor/server/all')) continue;
      // Asked for a relay's newest descriptor, one of the two may know a newer one already.
      const published = (answer: Answer): string | undefined => /^published .*$/m.exec(plain(answer))?.[0];
      if (path.startsWith('/tor/server/fp/') && published(mine) !== published(right)) continue;
      // Certificates stand in no particular order. C tor ends its own descriptor with an empty line, which other nodes
      // of C tor keep or drop by the way it came to them.
      const pieces = (answer: Answer): string[] =>
        plain(answer)
          .replace(/\n{2,}/g, '\n')
          .split(/^(?=dir-key-certificate)/m)
          .sort();
      assert.deepEqual(pieces(mine), pieces(right), path);
    }
  });

  it('serves diffs that give the newest consensus', { timeout: 120_000 }, async () => {
    const path = '/tor/status-vote/current/consensus-microdesc';
    const old = plain(await ask(ours, path));
    const { sha3 } = parseConsensus(old).digests;
    const name = Buffer.from(sha3).toString('hex').toUpperCase();
    const diff = await waitFor(
      'a diff',
      async () => {
        const answer = await ask(ours, `${path}.z`, { 'X-Or-Diff-From-Consensus': name });
        return answer.body.length > 0 && plain(answer).startsWith('network-status-diff') ? plain(answer) : undefined;
      },
      { timeoutMs: 90_000, intervalMs: 500 },
    );
    const { validAfterMs } = parseConsensus(applyConsensusDiff(old, diff));
    assert.ok(validAfterMs > parseConsensus(old).validAfterMs);
    const inPath = await ask(ours, `${path}/diff/${name}/`);
    assert.ok(inPath.line.startsWith('200') || inPath.line.startsWith('404'), inPath.line);
  });

  it('refuses what C tor refuses of a connection', async () => {
    const talk = (port: number, text: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1');
        let said = '';
        socket.on('data', (chunk: Buffer) => {
          said += chunk.toString('latin1').replace(/Date: .*\r\n/, '');
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(said));
        socket.write(text);
      });
    for (const text of [
      'BREW / HTTP/1.0\r\n\r\n',
      'GET /x HTTP/2.0\r\n\r\n',
      'GET /x\r\n\r\n',
      'POST /tor/hs/3/publish HTTP/1.0\r\nContent-Length: 4\r\n\r\nsoup',
      'GET /tor/keys/soup HTTP/1.0\r\nContent-Length: soup\r\n\r\n',
      `GET /x HTTP/1.0\r\nX: ${'a'.repeat(60_000)}\r\n\r\n`,
    ]) {
      const [mine, right] = await Promise.all([talk(ours, text), talk(theirs, text)]);
      assert.equal(mine, right, text.slice(0, 60));
    }
  });
});
