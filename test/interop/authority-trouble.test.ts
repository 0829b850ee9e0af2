import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { commandOf, type LabNode, waitFor } from '../../src/app/lab/index.ts';
import { parseAuthorityCertificates, parseConsensus, parseVote, type Vote } from '../../src/wire/netdoc/index.ts';
import { LyingAuthority } from './support/lying-authority.ts';
import { TorNetwork } from './support/network.ts';
import { fetchDocument } from './support/stem-documents.ts';
import { thorough } from './support/tropea.ts';

/** The shortest that C tor allows. */
const intervalMs = 10_000;
/** So long before the consensus authorities take no more votes. */
const cutoffMs = 3000;
/** A round may go by before a slow machine has done what it should have done in it. */
const maxRounds = 12;
const timeout = 60_000 + 3 * maxRounds * intervalMs;

interface Agreed {
  readonly validAfterMs: number;
  readonly signatures: number;
  /** Nicknames of those whose votes count, by authority. */
  readonly voters: readonly string[];
  readonly relays: readonly string[];
}

/** Two authorities of C tor and two of ours are honest; the fifth does what it should not. */
describe('authorities of both programs, one of which is in trouble', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-trouble-'));
  const skewFile = join(folder, 'skew');
  let net: TorNetwork;
  let last: LabNode;
  let honest: readonly LabNode[];
  let liar: LyingAuthority;

  const setSkew = (ms: number): void => writeFileSync(skewFile, String(ms));

  before(
    async () => {
      setSkew(0);
      const [node = '', ...rest] = commandOf('tropea');
      const skewed = `import { readFileSync } from 'node:fs'; const now = Date.now; Date.now = () => now() + Number(readFileSync(${JSON.stringify(skewFile)}, 'utf8'));`;
      const command = [node, '--import', `data:text/javascript,${encodeURIComponent(skewed)}`, ...rest];
      const ours = { implementation: 'tropea' } as const;
      net = await TorNetwork.start({
        implementation: 'tor',
        authorities: [{}, {}, ours, ours, { implementation: { name: 'tropea', command } }],
        relays: 0,
        exits: 0,
        timing: { votingIntervalS: intervalMs / 1000 },
      });
      honest = net.nodes.slice(0, 4);
      last = net.node('authority4');
    },
    { timeout: 240_000 },
  );
  after(async () => {
    await net?.stop();
    rmSync(folder, { recursive: true });
  });

  const text = async (node: LabNode, path: string): Promise<string> =>
    (await fetchDocument(node.dirPort, path).catch(() => Buffer.alloc(0))).toString('latin1');

  /** The next consensus that all of these have, the same for all, with every signature on it good. */
  async function agreed(afterMs: number, nodes = honest): Promise<Agreed> {
    const certificates = parseAuthorityCertificates(await text(nodes[0] as LabNode, '/tor/keys/all')).documents;
    const authorities = certificates.map(({ identity }) => ({ v3Identity: identity }));
    let seen: readonly string[] = [];
    const look = async (): Promise<Agreed | undefined> => {
      const texts = await Promise.all(nodes.map((node) => text(node, '/tor/status-vote/current/consensus')));
      if (texts.includes('')) return undefined;
      const parsed = texts.map((each) => parseConsensus(each));
      seen = parsed.map(({ validAfterMs, signatures }) => `${validAfterMs} signed by ${signatures.length}`);
      const first = parsed[0];
      if (first === undefined || first.validAfterMs <= afterMs) return undefined;
      if (new Set(texts.map(unsigned)).size > 1) {
        const times = new Set(parsed.map(({ validAfterMs }) => validAfterMs));
        assert.ok(times.size > 1, `different consensuses of one round\n${texts.map(unsigned).join('\n---\n')}`);
        return undefined;
      }
      const report = first.checkSignatures(certificates, authorities, { nowMs: first.validAfterMs });
      assert.equal(report.bad, 0);
      const { relays } = first.dangerouslyUnverified();
      return {
        validAfterMs: first.validAfterMs,
        signatures: report.good,
        voters: [...(texts[0] ?? '').matchAll(/^dir-source (\S+)/gm)].map(([, nickname = '']) => nickname).sort(),
        relays: relays.map(({ nickname }) => nickname).sort(),
      };
    };
    return await waitFor('a consensus that all agree on', look, {
      timeoutMs: maxRounds * intervalMs + 60_000,
      intervalMs: 250,
      onTimeout: () => seen.join(', '),
    });
  }

  /** Looks at one round after the other, until one is as expected. */
  async function roundWith(what: string, expected: (round: Agreed) => Promise<boolean> | boolean): Promise<Agreed> {
    let round = await agreed(0);
    for (let left = maxRounds; left > 0; left--) {
      if (await expected(round)) return round;
      round = await agreed(round.validAfterMs);
    }
    throw new Error(`no round ${what}: ${JSON.stringify(round)}`);
  }

  const nicknames = ['authority0', 'authority1', 'authority2', 'authority3', 'authority4'];
  const count = (node: LabNode, pattern: RegExp): number => node.process.search(pattern).length;
  const complaints = (pattern: RegExp): number[] => honest.map((node) => count(node, pattern));

  /** Each of the honest says something that it had not said so often before. */
  async function allComplain(pattern: RegExp, before: readonly number[] = [0, 0, 0, 0], nodes = honest): Promise<void> {
    const look = (): Promise<true | undefined> =>
      Promise.resolve(nodes.every((node) => count(node, pattern) > (before[honest.indexOf(node)] ?? 0)) || undefined);
    await waitFor(`${pattern} in every log`, look, {
      timeoutMs: maxRounds * intervalMs,
      onTimeout: () => honest.map((node) => `${node.name}\n${node.process.tail(30)}`).join('\n'),
    });
  }

  describe('as long as it is there', { skip: thorough ? false : 'takes minutes' }, () => {
    it('sees other relays: the consensus is what most see', { timeout }, async () => {
      const hidden = await net.node('authority0').fingerprint();
      writeFileSync(join(last.dataDirectory, 'approved-routers'), `!reject ${hidden}\n`);
      last.reload();
      const seenByLast = async (): Promise<Vote> => parseVote(await text(last, '/tor/status-vote/current/authority'));
      const round = await roundWith('with a vote that lacks a relay', async ({ signatures }) => {
        return signatures === 5 && (await seenByLast()).entries.length === 4;
      });
      assert.deepEqual(round.relays, nicknames);
      assert.deepEqual((await seenByLast()).entries.map(({ nickname }) => nickname).sort(), nicknames.slice(1));
      rmSync(join(last.dataDirectory, 'approved-routers'));
    });

    it('has a clock that is half a second off: nobody minds', { timeout }, async () => {
      for (const skewMs of [500, -500]) {
        setSkew(skewMs);
        await last.restart();
        const since = Date.now();
        await roundWith('signed by all', ({ validAfterMs, signatures }) => validAfterMs > since && signatures === 5);
      }
    });

    it('has a clock that is hours off: everybody says so, and goes on without it', { timeout }, async () => {
      setSkew(3 * 3600_000 + 7000);
      await last.restart();
      const rejecting = /\[warn\] Rejecting vote from \S+ with valid-after time of .*; we were expecting /;
      await allComplain(rejecting);
      await waitFor('its own complaint', () => Promise.resolve(count(last, rejecting) > 0 || undefined), {
        timeoutMs: maxRounds * intervalMs,
      });
      const round = await roundWith('without it', ({ voters }) => !voters.includes('authority4'));
      assert.deepEqual([round.signatures, round.voters.length], [4, 4]);
      setSkew(0);
      await last.restart();
      await roundWith('signed by all again', ({ signatures }) => signatures === 5);
    });
  });

  describe('when somebody else has its keys', () => {
    before(
      async () => {
        // Its own vote of a round that is over.
        await roundWith('with its vote', ({ voters, signatures }) => voters.length === 5 && signatures === 5);
        liar = await LyingAuthority.replace(last, intervalMs);
      },
      { timeout },
    );

    /** Until all are in the next round: who publishes a bit late would take its votes for those of a wrong time. */
    const begun = ({ validAfterMs }: Agreed): Promise<true> =>
      waitFor('the next round', () => Promise.resolve(Date.now() > validAfterMs + 1000 || undefined), {
        timeoutMs: intervalMs,
      });

    let answered: readonly string[] = [];
    /** Whether all of them answer so: then they do it in the same words, whoever made them. */
    async function answer(vote: string, pattern: RegExp): Promise<boolean> {
      answered = await liar.tell(honest, vote);
      if (!answered.every((line) => pattern.test(line))) return false;
      assert.equal(new Set(answered).size, 1, answered.join('\n'));
      return true;
    }

    it('a bad vote, two different ones and a late one: the others say what is wrong, and agree', {
      timeout,
    }, async () => {
      let done = false;
      let round = await agreed(0);
      for (let left = maxRounds; left > 0 && !done; left--) {
        const next = round.validAfterMs + intervalMs;
        await begun(round);
        const inTime = await misbehave(next);
        round = await agreed(next - 1);
        done = inTime && round.signatures === 4 && round.voters.length === 5;
      }
      assert.ok(done, `no round in which everything came in time; the last answers:\n${answered.join('\n')}`);
      assert.deepEqual(round.relays, nicknames);
      assert.deepEqual([round.signatures, round.voters], [4, nicknames]);
      await allComplain(/\[warn\] Failed to post consensus vote upload to /);
      await allComplain(/\[warn\] Couldn't parse vote: length was \d+/);
      await allComplain(/\[notice\] Replacing an older pending vote from this directory \(127\.0\.0\.1\)/);
      await allComplain(/\[notice\] Discarding vote from 127\.0\.0\.1 because we have a newer one already\./);
      await allComplain(
        /\[warn\] Rejecting authority4's posted vote from 127\.0\.0\.1 received at .*; our cutoff for received votes is/,
      );
    });

    /** All of it, for the consensus of one time; false when it was not in time. */
    async function misbehave(validAfterMs: number): Promise<boolean> {
      const entries = liar.honest.entries.slice(1);
      const publishedMs = Date.now();
      const good = liar.vote(validAfterMs, { publishedMs });
      const bad = good.replace('known-flags ', 'known-flags More ');
      assert.ok(await answer(bad, / 400 Unable to parse vote/), answered.join('\n'));
      if (!(await answer(good, / 200 /))) return false;
      const newer = liar.vote(validAfterMs, { publishedMs: publishedMs + 1000, entries });
      if (!(await answer(newer, / 200 /))) return false;
      const older = liar.vote(validAfterMs, { publishedMs: publishedMs - 1000, entries });
      if (!(await answer(older, / 400 Already have a newer pending vote/))) return false;
      const lateMs = validAfterMs - cutoffMs + 1500;
      await waitFor('the cutoff for votes', () => Promise.resolve(Date.now() > lateMs || undefined), {
        timeoutMs: intervalMs,
      });
      return await answer(newer, / 400 Posted vote received too late/);
    }

    for (const [odd, program] of [
      [3, 'Tropea'],
      [1, 'C tor'],
    ] as const) {
      const skip = thorough ? false : 'takes minutes';
      it(`tells one authority of ${program} something else: the majority goes on without it`, {
        skip,
        timeout,
      }, async () => {
        const rest = honest.filter((_, i) => i !== odd);
        const alone = honest[odd] as LabNode;
        const mismatch = /\[warn\] Unable to store signatures posted by \S+: Mismatched digest/;
        const lonely = /\[warn\] Not enough info to publish pending (?:ns|microdesc) consensus/;
        const before = [complaints(mismatch), complaints(lonely)];
        let round = await agreed(0);
        for (let left = maxRounds; left > 0; left--) {
          const next = round.validAfterMs + intervalMs;
          await begun(round);
          const taken = await Promise.all([
            liar.tell(rest, liar.vote(next)),
            liar.tell([alone], liar.vote(next, { entries: liar.honest.entries.slice(1) })),
          ]);
          round = await agreed(next - 1, rest);
          const inTime = taken.flat().every((answer) => / 200 /.test(answer)) && round.validAfterMs === next;
          if (inTime && round.signatures === 3 && round.voters.length === 5) break;
        }
        assert.deepEqual([round.signatures, round.voters, round.relays], [3, nicknames, nicknames]);
        await allComplain(mismatch, before[0]);
        await allComplain(lonely, before[1], [alone]);
        // It learns of the consensus of the others, and takes part in the next one.
        await roundWith('signed by all that are honest', ({ signatures }) => signatures === 4);
      });
    }
  });
});

const unsigned = (consensus: string): string => consensus.slice(0, consensus.indexOf('directory-signature '));
