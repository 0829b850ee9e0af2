// A vote and a consensus of a large network, beside C tor on the same votes, in CPU time:
// node scripts/bench.mjs consensus [--relays=8000] [--authorities=9]
import { readFileSync } from 'node:fs';
import { computeConsensus } from '../../src/roles/authority/index.ts';
import { ConsensusDesk } from '../../src/roles/authority/voting/consensus-desk.ts';
import { parseVote } from '../../src/wire/netdoc/index.ts';
import { askOracle, startOracle, until } from '../../test/interop/support/ctor-oracle.ts';
import { seededRandom } from '../../test/support/fake-runtime.ts';
import { RandomVotes } from '../../test/support/random-votes.ts';

const option = (name: string, fallback: number): number =>
  Number(process.argv.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3) ?? fallback);
const relays = option('relays', 8000);
const authorities = option('authorities', 9);

/** CPU milliseconds of another process; Linux counts hundredths of a second. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
const peakMb = (pid: number): number =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024);

function timed<T>(work: () => T): { readonly value: T; readonly cpuMs: number } {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return { value, cpuMs: Math.round((user + system) / 1000) };
}

const oracle = await startOracle(authorities - 1);
try {
  await until('C tor', () => (oracle.log().includes('Scheduling voting') ? true : undefined));
  const startedMs = cpuOf(oracle.pid);
  let readMs = 0;
  const watch = setInterval(() => {
    if (readMs === 0 && oracle.log().includes('paper7 posted a vote')) readMs = cpuOf(oracle.pid) - startedMs;
  }, 20);
  // The votes are drawn for whatever round is next, once: time does not stand still.
  const drawn = new Map<number, readonly string[]>();
  const votesAt = (validAfterMs: number): readonly string[] => {
    let texts = drawn.get(validAfterMs);
    if (texts === undefined) {
      const random = new RandomVotes(seededRandom(1), { relays, disorder: 0, validAfterMs, intervalSec: 30 });
      texts = oracle.paper.map((authority) => random.vote(authority));
      drawn.set(validAfterMs, texts);
    }
    return texts;
  };
  const ahead = Math.ceil(Date.now() / 30_000) * 30_000;
  for (const validAfterMs of [ahead + 30_000, ahead + 60_000]) votesAt(validAfterMs);
  await until('the round that was prepared', () => (Date.now() > ahead + 1000 ? true : undefined));
  const before = cpuOf(oracle.pid);
  const { ns, microdesc, used } = await askOracle(oracle, votesAt);
  await until('signatures of C tor', () => (oracle.log().includes('Signature(s) posted') ? true : undefined));
  clearInterval(watch);
  const ctorMs = cpuOf(oracle.pid) - before;
  const parsed = timed(() => used.map((vote) => parseVote(vote.text)));
  const [first] = oracle.paper;
  if (first === undefined) throw new Error('no authorities');
  const signer = { identity: first.certificate.identity, signingKey: first.signingKey };
  const desk = new ConsensusDesk({ log: () => undefined, findCertificate: () => undefined });
  const input = {
    votes: parsed.value,
    totalAuthorities: authorities,
    signers: [signer],
    sharedRandom: true,
    sharedRandomFresh: false,
  };
  const made = timed(() => desk.compute(input));
  const again = timed(() => desk.compute(input));
  const { texts } = computeConsensus(parsed.value, { totalAuthorities: authorities });
  const same = texts.ns === ns && texts.microdesc === microdesc;
  console.log(`${relays} relays, ${used.length} votes, consensus ${ns.length} and ${microdesc.length} bytes`);
  console.log(`the same byte for byte: ${same}`);
  console.log(`C tor, reading the votes and making both consensuses: ${ctorMs} ms CPU, peak ${peakMb(oracle.pid)} MB`);
  console.log(
    `Tropea, reading the votes ${parsed.cpuMs} ms, making both consensuses ${made.cpuMs} ms (again: ${again.cpuMs}), ` +
      `resident ${Math.round(process.memoryUsage().rss / 1e6)} MB`,
  );
  console.log(`ratio ${((parsed.cpuMs + made.cpuMs) / ctorMs).toFixed(2)}`);
  if (!same) process.exitCode = 1;
} finally {
  await oracle.stop();
}
