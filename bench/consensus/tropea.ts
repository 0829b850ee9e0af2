// What Tropea spends on votes, in a process of its own, so that its memory holds nothing else:
// node --import tsx bench/consensus/tropea.ts FOLDER AUTHORITIES, with the votes in FOLDER/0, 1, ... Writes JSON.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RsaPrivateKey } from '../../src/crypto/primitives/index.ts';
import { ConsensusDesk } from '../../src/roles/authority/voting/consensus-desk.ts';
import {
  encodeAuthorityCertificate,
  parseAuthorityCertificate,
  parseVote,
  VotePool,
} from '../../src/wire/netdoc/index.ts';
import { timed } from './timed.ts';

const [folder = '', count = '0'] = process.argv.slice(2);
const authorities = Number(count);
const readPeakMb = (): number =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0) / 1024);

const identityKey = await RsaPrivateKey.generate(2048);
const signingKey = await RsaPrivateKey.generate(2048);
const { identity } = parseAuthorityCertificate(
  encodeAuthorityCertificate({ identityKey, signingKey, publishedMs: 0, expiresMs: 4e12 }),
);
const emptyMb = readPeakMb();
const pool = new VotePool();
const parsed = timed(() =>
  Array.from({ length: authorities }, (_, i) => parseVote(readFileSync(join(folder, String(i)), 'latin1'), pool)),
);
const readMb = readPeakMb();
const desk = new ConsensusDesk({ log: () => undefined, findCertificate: () => undefined });
const compute = (): boolean =>
  desk.compute({
    votes: parsed.value,
    totalAuthorities: authorities,
    signers: [{ identity, signingKey }],
    sharedRandom: true,
    sharedRandomFresh: false,
  });
const made = timed(compute);
const peakMb = readPeakMb();
const again = timed(compute);
for (const flavor of ['ns', 'microdesc'] as const) {
  writeFileSync(join(folder, flavor), desk.pending(flavor)?.unsigned ?? '', 'latin1');
}
const sizes = { emptyMb, readMb, peakMb };
console.log(JSON.stringify({ readMs: parsed.cpuMs, madeMs: made.cpuMs, againMs: again.cpuMs, ...sizes }));
