import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { latin1 } from '../../src/base/bytes/index.ts';
import {
  parseAuthorityCertificates,
  parseConsensus,
  parseVote,
  type UnverifiedConsensus,
} from '../../src/wire/netdoc/index.ts';
import { hostileUploads, post } from './support/hostile-uploads.ts';
import { TorNetwork } from './support/network.ts';
import { fetchDocument } from './support/stem-documents.ts';

const names = ['authority0', 'authority1', 'authority2', 'authority3', 'authority4'];
const ctorNames = names.slice(2);
const flavors = ['cached-consensus', 'cached-microdesc-consensus'];
const rounds = Number(process.env.TROPEA_QUORUM_ROUNDS ?? 2);
/** On a busy machine somebody's vote may come too late. */
const roundsToSettle = 6;

/** Words by which C tor complains about other authorities. */
const complaints =
  /Rejecting|Rejected|Couldn't parse|Unable to (?:parse|store|add)|Mismatch|Could not add|bad signature|Bad signature|disagreed|not recognized|Discarding vote|missing votes|Not enough info/;

/**
 * C tor takes signatures that come before it computed the consensus itself for those of another one. Authorities of C tor
 * do that to each other, up to a second apart; ours post theirs later.
 */
const early = /Valid-After times do not match when adding|Unable to store signatures posted by .* Valid-After times/;

/** What authorities say of the course of a round. */
const course = /Time to |posted a vote|Retrieved .* vote|Vote posted|Signature\(s\) posted|missing|enough|Published/;

/** Two authorities of ours and three of C tor make every consensus together. */
describe('a quorum of Tropea and C tor', () => {
  let net: TorNetwork;
  let authorities: { readonly v3Identity: Uint8Array }[];
  const logStarts = new Map<string, number>();

  const read = async (name: string, file: string): Promise<string> =>
    latin1(await readFile(join(net.folder, name, 'data', file)).catch(() => new Uint8Array(0)));

  const consensuses = (file: string): Promise<string[]> => Promise.all(names.map((name) => read(name, file)));

  /** Waits until all authorities have a consensus newer than the one given, the same for all. */
  async function nextRound(afterMs: number): Promise<UnverifiedConsensus[]> {
    for (let tries = 0; tries < 600; tries++) {
      const sets = await Promise.all(flavors.map(consensuses));
      const parsed = sets.flat().map((text) => (text === '' ? undefined : parseConsensus(text)));
      const times = new Set(parsed.map((each) => each?.validAfterMs ?? 0));
      const [time] = times;
      if (times.size === 1 && time !== undefined && time > afterMs) {
        for (const set of sets)
          assert.equal(new Set(set.map(unsigned)).size, 1, 'authorities have different consensuses');
        return parsed.flatMap((each) => each ?? []);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('no new consensus in a minute');
  }

  before(
    async () => {
      net = await TorNetwork.start({
        authorities: [{ implementation: 'tropea' }, { implementation: 'tropea' }, {}, {}, {}],
        relays: 2,
        exits: 1,
        timing: { votingIntervalS: 20 },
      });
    },
    { timeout: 240_000 },
  );
  after(() => net?.stop());

  /** Waits for a round in which everybody's vote counted; what the log says from then on is of interest. */
  async function settled(): Promise<number> {
    let lastMs = 0;
    for (let left = roundsToSettle; left > 0; left--) {
      const [consensus] = await nextRound(lastMs);
      lastMs = consensus?.validAfterMs ?? 0;
      const votes = (await read('authority2', 'v3-status-votes'))
        .split(/^(?=network-status-version )/m)
        .map((each) => parseVote(each));
      if (votes.length < names.length || consensus?.signatures.length !== names.length) continue;
      authorities = votes.map((vote) => ({ v3Identity: vote.voter.identity }));
      for (const name of names) logStarts.set(name, (await readFile(join(net.folder, name, 'log'), 'utf8')).length);
      return lastMs;
    }
    throw new Error(`no round of all five in ${roundsToSettle}`);
  }

  const timeout = 60_000 * (rounds + roundsToSettle);
  it('every signature on every consensus verifies, in both flavours', { timeout }, async () => {
    let lastMs = await settled();
    for (let round = 0; round < rounds; round++) {
      const parsed = await nextRound(lastMs);
      const certificates = parseAuthorityCertificates(await read('authority0', 'cached-certs')).documents;
      for (const consensus of parsed) {
        const report = consensus.checkSignatures(certificates, authorities, { nowMs: Date.now() });
        assert.deepEqual([report.good, report.bad], [5, 0], `${consensus.flavor} ${consensus.validAfterMs}`);
      }
      lastMs = parsed[0]?.validAfterMs ?? 0;
    }
  });

  it('our votes say what C tor says of the same relays', async () => {
    const votes = (await read('authority2', 'v3-status-votes'))
      .split(/^(?=network-status-version )/m)
      .map((each) => parseVote(each));
    const of = (name: string) => votes.find((vote) => vote.voter.nickname === name);
    const [ours, theirs] = [of('authority0'), of('authority2')];
    assert.ok(ours !== undefined && theirs !== undefined);
    // What each has seen of a relay's uptime is its own.
    const plain = (vote: typeof ours) => vote.entries.map((entry) => ({ ...entry, stats: undefined }));
    assert.deepEqual(plain(ours), plain(theirs));
    assert.deepEqual(ours.knownFlags, theirs.knownFlags);
    assert.deepEqual(ours.requiredRelayProtocols, theirs.requiredRelayProtocols);
    assert.deepEqual(
      votes.map((vote) => vote.sharedRandomParticipate),
      [true, true, true, true, true],
    );
  });

  /** How the rounds went for each authority. */
  async function story(): Promise<string> {
    const told = names.map(async (name) => {
      const log = (await readFile(join(net.folder, name, 'log'), 'utf8')).slice(logStarts.get(name) ?? 0);
      return [`${name}:`, ...log.split('\n').filter((line) => course.test(line) || complaints.test(line))];
    });
    return (await Promise.all(told)).flat().join('\n');
  }

  it('C tor has nothing to say against us', async () => {
    const logs = ctorNames.map(async (name) => {
      const log = (await readFile(join(net.folder, name, 'log'), 'utf8')).slice(logStarts.get(name) ?? 0);
      let computed = false;
      return log.split('\n').filter((line) => {
        if (/Time to (?:vote|compute)/.test(line)) computed = line.includes('compute');
        return line.includes('[warn]') && complaints.test(line) && (computed || !early.test(line));
      });
    });
    const found = (await Promise.all(logs)).flat();
    if (found.length > 0) assert.fail(`${found.join('\n')}\n\n${await story()}`);
  });

  it('answers hostile uploads as C tor does', async () => {
    const [ours, theirs] = ['authority0', 'authority2'].map((name) => net.node(name).dirPort) as [number, number];
    const text = async (path: string): Promise<string> => latin1(await fetchDocument(theirs, path));
    const fingerprint = await net.node('relay0').fingerprint();
    const descriptor = await text(`/tor/server/fp/${fingerprint}`);
    const uploads = hostileUploads(descriptor, await text('/tor/status-vote/current/authority'));
    const answers = async (port: number): Promise<string[]> => {
      const said: string[] = [];
      for (const { what, path, body } of uploads) said.push(`${what}: ${await post(port, path, body)}`);
      return said;
    };
    assert.deepEqual(await answers(ours), await answers(theirs));
  });
});

const unsigned = (text: string): string => text.slice(0, text.indexOf('directory-signature '));
