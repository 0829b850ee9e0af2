// What a client's start costs with the documents of a large network, in CPU time: node --import tsx bench/micro/netdoc.ts
import { fromLatin1, latin1 } from '../../src/base/bytes/index.ts';
import { chooseRelay, NetDirBuilder } from '../../src/network/netdir/index.ts';
import {
  applyConsensusDiff,
  makeConsensusDiff,
  parseMicrodescConsensus,
  parseMicrodescriptors,
} from '../../src/wire/netdoc/index.ts';
import { seededRandom } from '../../test/support/fake-runtime.ts';
import { generateNetwork } from '../../test/support/generate-network.ts';

const relays = Number(process.argv[2] ?? 8000);
const rounds = Number(process.argv[3] ?? 8);
const random = seededRandom(1);
const network = await generateNetwork({ relays, seed: 1, authorities: 9 });
const options = { nowMs: network.validAfterMs };
const consensusBytes = fromLatin1(network.consensus);
const microdescBytes = fromLatin1(network.microdescriptors);

const times = new Map<string, number[]>();

/** CPU time of this process, which other work on the machine does not stretch. */
function timed<T>(name: string, work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  times.set(name, [...(times.get(name) ?? []), (user + system) / 1000]);
  return result;
}

function start(): void {
  const parsed = timed('parse the consensus', () => parseMicrodescConsensus(consensusBytes));
  const consensus = timed('verify it', () => parsed.verify(network.certificates, network.authorities, options));
  const { documents } = timed('parse the microdescriptors', () => parseMicrodescriptors(microdescBytes));
  const netdir = timed('make the snapshot', () => {
    const byDigest = new Map(documents.map((each) => [latin1(each.digest), each]));
    return new NetDirBuilder(consensus).build({ microdesc: (digest) => byDigest.get(latin1(digest)) });
  });
  timed('choose the first relay', () =>
    chooseRelay(netdir, random, { position: 'guard', needs: { guard: true, fast: true }, excluded: () => false }),
  );
  timed('choose 1000 middles', () => {
    for (let i = 0; i < 1000; i++) {
      chooseRelay(netdir, random, { position: 'middle', needs: { fast: true }, excluded: () => false });
    }
  });
}

const wallStart = performance.now();
start();
const firstMs = performance.now() - wallStart;
for (let round = 1; round < rounds; round++) start();

const later = network.consensus
  .replace(/^w Bandwidth=(\d)/gm, 'w Bandwidth=1$1')
  .replace('valid-after 2026', 'valid-after 2027');
const diff = timed('make a diff of every bandwidth', () => makeConsensusDiff(network.consensus, later));
timed('apply it', () => applyConsensusDiff(network.consensus, diff));

const sum = (pick: (each: number[]) => number): number =>
  [...times.values()].slice(0, 5).reduce((all, each) => all + pick(each), 0);
const first = (each: number[]): number => each[0] ?? 0;
const median = (each: number[]): number => [...each].sort((a, b) => a - b)[each.length >> 1] ?? 0;
console.log(
  `${relays} relays: consensus ${(consensusBytes.length / 1e6).toFixed(1)} MB, microdescriptors ${(microdescBytes.length / 1e6).toFixed(1)} MB`,
);
for (const [name, each] of times) {
  console.log(
    `${name.padEnd(32)} first ${first(each).toFixed(0).padStart(5)} ms   median ${median(each).toFixed(1).padStart(6)} ms`,
  );
}
console.log(
  `from documents to a relay        first ${sum(first).toFixed(0).padStart(5)} ms   median ${sum(median).toFixed(1).padStart(6)} ms   (wall clock, first ${firstMs.toFixed(0)} ms)`,
);
