// How long the documents of a large network take to read: node --import tsx bench/micro/netdoc.ts [RELAYS]
import { fromLatin1 } from '../../src/base/bytes/index.ts';
import {
  applyConsensusDiff,
  makeConsensusDiff,
  parseMicrodescConsensus,
  parseMicrodescriptors,
} from '../../src/wire/netdoc/index.ts';
import { generateNetwork } from '../../test/support/generate-network.ts';

const relays = Number(process.argv[2] ?? 8000);
const network = await generateNetwork({ relays, seed: 1, authorities: 9 });
const options = { nowMs: network.validAfterMs };

/** Milliseconds of the first run, and the median of those after it. */
function measure(name: string, bytes: number, work: () => unknown): void {
  const times: number[] = [];
  for (let i = 0; i < 8; i++) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  const [first, ...rest] = times;
  const median = rest.sort((a, b) => a - b)[Math.floor(rest.length / 2)];
  console.log(
    `${name.padEnd(34)} ${(bytes / 1e6).toFixed(1)} MB  first ${first?.toFixed(0)} ms  then ${median?.toFixed(0)} ms`,
  );
}

const consensus = fromLatin1(network.consensus);
const microdescriptors = fromLatin1(network.microdescriptors);
measure('parse consensus', consensus.length, () => parseMicrodescConsensus(consensus));
measure('parse and verify consensus', consensus.length, () =>
  parseMicrodescConsensus(consensus).verify(network.certificates, network.authorities, options),
);
measure('parse microdescriptors', microdescriptors.length, () => parseMicrodescriptors(microdescriptors));
const verified = parseMicrodescConsensus(consensus).verify(network.certificates, network.authorities, options);
measure('read every field of every relay', consensus.length, () => {
  let sum = 0;
  for (const relay of verified.relays) {
    sum += relay.nickname.length + relay.flags.length + relay.orPort + relay.rsaId.length + relay.protover.size;
    sum += relay.descriptorDigest.length + relay.address.length + (relay.bandwidth ?? 0);
  }
  return sum;
});
void makeConsensusDiff;
void applyConsensusDiff;
