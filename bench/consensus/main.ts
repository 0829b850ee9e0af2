// A vote and a consensus of a large network, beside C tor on the same votes, in CPU time:
// node scripts/bench.mjs consensus [--relays=8000] [--authorities=9]
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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

interface Computed {
  readonly readMs: number;
  readonly madeMs: number;
  readonly againMs: number;
  readonly emptyMb: number;
  readonly readMb: number;
  readonly peakMb: number;
}
interface OwnVote {
  readonly relays: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly nextMs: number;
}

/** Runs a file of this folder as `bin/tropea` runs, and reads what it writes. */
async function run(file: string, ...args: readonly string[]): Promise<unknown> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const flags = ['--semi-space-growth-factor=1', '--heap-growing-percent=300', '--import', 'tsx'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, ...args]);
  return JSON.parse(stdout);
}

const folder = mkdtempSync(join(tmpdir(), 'tropea-votes-'));
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
  used.forEach((vote, i) => {
    writeFileSync(join(folder, String(i)), vote.text, 'latin1');
  });
  const ours = (await run('tropea.ts', folder, String(used.length))) as Computed;
  const made = (flavor: string): string => readFileSync(join(folder, flavor), 'latin1');
  const same = made('ns') === ns && made('microdesc') === microdesc;
  const own = (await run('own-vote.ts', String(relays))) as OwnVote;
  console.log(`${relays} relays, ${used.length} votes, consensus ${ns.length} and ${microdesc.length} bytes`);
  console.log(`the same byte for byte: ${same}`);
  console.log(`C tor, reading the votes and making both consensuses: ${ctorMs} ms CPU, peak ${peakMb(oracle.pid)} MB`);
  console.log(
    `Tropea, reading the votes ${ours.readMs} ms, making both consensuses ${ours.madeMs} ms (again: ${ours.againMs}), ` +
      `peak ${ours.peakMb} MB (${ours.emptyMb} before the first vote, ${ours.readMb} when all are read)`,
  );
  console.log(`ratio ${((ours.readMs + ours.madeMs) / ctorMs).toFixed(2)}`);
  console.log(
    `Tropea's own vote on ${own.relays} relays, ${own.bytes} bytes: ${own.firstMs} ms with all microdescriptors new, ` +
      `${own.nextMs} ms with none new`,
  );
  if (!same) process.exitCode = 1;
} finally {
  await oracle.stop();
  rmSync(folder, { recursive: true });
}
