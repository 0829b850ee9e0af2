// An authority's own vote on so many relays, in a process of its own:
// node --import tsx bench/consensus/own-vote.ts RELAYS. Writes JSON.
import { randomBytes } from 'node:crypto';
import { RsaPrivateKey } from '../../src/crypto/primitives/index.ts';
import { ApprovedRouters } from '../../src/roles/authority/uploads/approved-routers.ts';
import { RelayJudge } from '../../src/roles/authority/uploads/judge.ts';
import { KeyPins } from '../../src/roles/authority/uploads/key-pins.ts';
import { RouterStore } from '../../src/roles/authority/uploads/router-store.ts';
import { makeVote } from '../../src/roles/authority/vote/make-vote.ts';
import { MicrodescCache } from '../../src/roles/authority/vote/microdescs.ts';
import {
  encodeAuthorityCertificate,
  parseAuthorityCertificate,
  type ServerDescriptor,
} from '../../src/wire/netdoc/index.ts';
import {
  authorityOptions,
  MeasuredBandwidths,
  RouterHistory,
  recordedDescriptors,
} from '../../test/support/authority-relays.ts';
import { timed } from './timed.ts';

const relays = Number(process.argv[2]);
const [template] = recordedDescriptors;
if (template === undefined) throw new Error('no descriptor to begin with');
const nowMs = template.publishedMs + 60_000;

/** Another relay like it; nothing here looks at the signatures any more. */
const draw = (number: number): ServerDescriptor => ({
  ...template,
  nickname: `relay${number}`,
  address: Uint8Array.of(20, number >> 16, (number >> 8) & 255, number & 255),
  rsaId: randomBytes(20),
  ed25519Id: randomBytes(32),
  ntorKey: randomBytes(32),
  digest: randomBytes(20),
});

const config = authorityOptions(['Nickname own', 'V3AuthVotingInterval 300 seconds']);
const pins = new KeyPins(() => undefined);
const judge = new RelayJudge({ config, pins, approved: () => new ApprovedRouters() });
const store = new RouterStore({ config, judge, pins, isMe: () => false });
const history = new RouterHistory();
for (let i = 0; i < relays; i++) store.add(draw(i), nowMs);
for (const relay of store.all()) {
  relay.lastReachableMs = nowMs - 1000;
  history.reachable(relay.descriptor.rsaId, undefined, Math.floor(nowMs / 1000) - 86_400, 0);
}
const [identityKey, signingKey] = await Promise.all([RsaPrivateKey.generate(2048), RsaPrivateKey.generate(2048)]);
const certificate = parseAuthorityCertificate(
  encodeAuthorityCertificate({ identityKey, signingKey, publishedMs: 0, expiresMs: 4e12 }),
);
const microdescs = new MicrodescCache();
const vote = (): string =>
  makeVote({
    config,
    keys: { signingKey, certificate },
    legacyKeys: undefined,
    where: { address: Uint8Array.of(127, 0, 0, 1), orPort: 5000, dirPort: 7000 },
    store,
    history,
    measured: new MeasuredBandwidths(),
    bandwidthFile: undefined,
    microdescs,
    sharedRandom: undefined,
    isAuthority: () => false,
    isMe: () => false,
    consensusParam: () => undefined,
    validAfterMs: Math.ceil(nowMs / 300_000) * 300_000,
    startedMs: nowMs - 3600_000,
    nowMs,
  });
const first = timed(vote);
const next = timed(vote);
console.log(
  JSON.stringify({ relays: store.all().length, bytes: first.value.length, firstMs: first.cpuMs, nextMs: next.cpuMs }),
);
