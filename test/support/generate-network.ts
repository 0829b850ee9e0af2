import { base64, base64Unpadded, fromLatin1 } from '../../src/base/bytes/index.ts';
import { RsaPrivateKey, sha1, sha256 } from '../../src/crypto/primitives/index.ts';
import {
  type AuthorityCertificate,
  encodeAuthorityCertificate,
  parseAuthorityCertificate,
  type TrustedAuthority,
} from '../../src/wire/netdoc/index.ts';
import { seededRandom } from './fake-runtime.ts';

export interface GeneratedNetworkOptions {
  readonly relays: number;
  readonly seed: number;
  /** Default 3. */
  readonly authorities?: number;
  /** Default 2026-11-21 12:00:00. */
  readonly validAfterMs?: number;
}

/** Documents of a network that looks like the public one; all text is Latin-1. */
export interface GeneratedNetwork {
  readonly validAfterMs: number;
  /** Signed microdescriptor consensus. */
  readonly consensus: string;
  /** The microdescriptors it names, one after the other. */
  readonly microdescriptors: string;
  readonly certificates: readonly AuthorityCertificate[];
  readonly authorities: readonly TrustedAuthority[];
}

const hourMs = 3_600_000;
const protocols =
  'Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 ' +
  'Microdesc=1-3 Padding=2 Relay=2-6';
const olderProtocols =
  'Conflux=1 Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=1-5 LinkAuth=1,3 ' +
  'Microdesc=1-2 Padding=2 Relay=1-4';
const policies = [
  'accept 20-21,22,23,43,53,79-81,88,110,143,194,220,389,443,464,531,543-544,554,563,587,636,706,749,853,873,902-904,' +
    '981,989-995,1194,1220,1293,1500,1533,1677,1723,1755,1863,2082-2083,2086-2087,2095-2096,2102-2104,3128,3389,3690,' +
    '4321,4643,5050,5190,5222-5223,5228,5900,6660-6669,6679,6697,8000,8008,8074,8080,8082,8087-8088,8232-8233,' +
    '8332-8333,8443,8888,9418,9999-10000,11371,19294,19638,50002,64738',
  'accept 80,443',
  'reject 22,25,119,135-139,445,563,1214,4661-4666,6346-6429,6699,6881-6999',
  'accept 53,80,443,853',
];

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

const object = (type: string, bytes: Uint8Array): string => {
  const lines = base64(bytes).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${type}-----\n${lines.join('\n')}\n-----END ${type}-----\n`;
};

/**
 * A consensus of any size with its microdescriptors and the certificates to verify it. The same seed gives the same
 * relays; the authorities' RSA keys are fresh every time.
 */
export async function generateNetwork(options: GeneratedNetworkOptions): Promise<GeneratedNetwork> {
  const random = seededRandom(options.seed);
  const validAfterMs = options.validAfterMs ?? Date.UTC(2026, 10, 21, 12);
  const authorities = await Promise.all(
    Array.from({ length: options.authorities ?? 3 }, async () => {
      const [identityKey, signingKey] = await Promise.all([RsaPrivateKey.generate(2048), RsaPrivateKey.generate(2048)]);
      const text = encodeAuthorityCertificate({
        identityKey,
        signingKey,
        publishedMs: validAfterMs - 30 * 24 * hourMs,
        expiresMs: validAfterMs + 90 * 24 * hourMs,
      });
      return { signingKey, certificate: parseAuthorityCertificate(text) };
    }),
  );
  authorities.sort((a, b) => Buffer.compare(a.certificate.identity, b.certificate.identity));

  const relays = Array.from({ length: options.relays }, (_, number) => oneRelay(number, random));
  relays.sort((a, b) => Buffer.compare(a.id, b.id));
  const sources = authorities.map(
    ({ certificate }, i) =>
      `dir-source auth${i} ${hex(certificate.identity)} 192.0.2.${i + 1} 192.0.2.${i + 1} 80 443\n` +
      `contact authority ${i} <auth${i} AT example.invalid>\nvote-digest ${hex(random.bytes(20))}\n`,
  );
  const signed = `${header(validAfterMs)}${sources.join('')}${relays.map((relay) => relay.entry).join('')}${footer}`;
  const digest = sha256(fromLatin1(`${signed}directory-signature `));
  const signatures = authorities.map(
    ({ signingKey, certificate }) =>
      `directory-signature sha256 ${hex(certificate.identity)} ${hex(certificate.signingKeyDigest)}\n` +
      object('SIGNATURE', signingKey.signDigest(digest)),
  );
  return {
    validAfterMs,
    consensus: signed + signatures.join(''),
    microdescriptors: relays.map((relay) => relay.microdescriptor).join(''),
    certificates: authorities.map(({ certificate }) => certificate),
    authorities: authorities.map(({ certificate }, i) => ({ v3Identity: certificate.identity, nickname: `auth${i}` })),
  };
}

const header = (validAfterMs: number): string =>
  [
    'network-status-version 3 microdesc',
    'vote-status consensus',
    'consensus-method 34',
    `valid-after ${iso(validAfterMs)}`,
    `fresh-until ${iso(validAfterMs + hourMs)}`,
    `valid-until ${iso(validAfterMs + 3 * hourMs)}`,
    'voting-delay 300 300',
    'client-versions 0.4.8.21,0.4.9.11',
    'server-versions 0.4.8.21,0.4.9.11',
    'known-flags Authority BadExit Exit Fast Guard HSDir MiddleOnly NoEdConsensus Running Stable StaleDesc Sybil V2Dir Valid',
    'recommended-client-protocols Cons=2 Desc=2 DirCache=2 HSDir=2 HSIntro=4 HSRend=2 Link=4-5 Microdesc=2 Relay=2-4',
    'recommended-relay-protocols Cons=2 Desc=2 DirCache=2 HSDir=2 HSIntro=4-5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Relay=2-4',
    'required-client-protocols Cons=2 Desc=2 FlowCtrl=1 Link=4 Microdesc=2 Relay=2',
    'required-relay-protocols Cons=2 Desc=2 DirCache=2 HSDir=2 HSIntro=4-5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Relay=2-4',
    'params CircuitPriorityHalflifeMsec=30000 bwweightscale=10000 cbttestfreq=10 cc_alg=2 circwindow=1000 hsdir_spread_store=4',
    `shared-rand-previous-value 3 ${base64(sha256(fromLatin1('previous')))}`,
    `shared-rand-current-value 3 ${base64(sha256(fromLatin1('current')))}`,
    '',
  ].join('\n');

const footer =
  'directory-footer\nbandwidth-weights Wbd=0 Wbe=0 Wbg=4203 Wbm=10000 Wdb=10000 Web=10000 Wed=10000 Wee=10000 ' +
  'Weg=10000 Wem=10000 Wgb=10000 Wgd=0 Wgg=5797 Wgm=5797 Wmb=10000 Wmd=0 Wme=0 Wmg=4203 Wmm=10000\n';

function oneRelay(number: number, random: ReturnType<typeof seededRandom>) {
  const id = sha1(random.bytes(8));
  const exit = random.unit() < 0.25;
  const guard = random.unit() < 0.5;
  const fast = random.unit() < 0.9;
  const ipv6 = random.unit() < 0.4;
  const address = `${11 + random.below(200)}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`;
  const port = [443, 9001, 9000, 9002][random.below(4)];
  const microdescriptor = microdescriptorOf(random, {
    exit,
    ipv6: ipv6 ? `[2001:db8:${number.toString(16)}::1]:${port}` : '',
  });
  const digest = base64Unpadded(sha256(fromLatin1(microdescriptor)));
  const flags = [
    exit && 'Exit',
    fast && 'Fast',
    guard && 'Guard',
    random.unit() < 0.6 && 'HSDir',
    'Running',
    (guard || random.unit() < 0.7) && 'Stable',
    'V2Dir',
    'Valid',
  ].filter(Boolean);
  const modern = random.unit() < 0.6;
  const entry = [
    `r relay${number} ${base64Unpadded(id)} 2038-01-01 00:00:00 ${address} ${port} 0`,
    ...(ipv6 ? [`a [2001:db8:${number.toString(16)}::1]:${port}`] : []),
    `m ${digest}`,
    `s ${flags.join(' ')}`,
    `v Tor ${modern ? '0.4.9.11' : '0.4.8.21'}`,
    `pr ${modern ? protocols : olderProtocols}`,
    `w Bandwidth=${Math.ceil(10 ** (1 + random.unit() * 4))}${random.unit() < 0.02 ? ' Unmeasured=1' : ''}`,
    '',
  ].join('\n');
  return { id, entry, microdescriptor };
}

/** A TAP key that is none: the form is right, the number is random. */
function tapKey(random: ReturnType<typeof seededRandom>): Uint8Array {
  const modulus = random.bytes(128);
  modulus[0] = (modulus[0] as number) | 0x80;
  return Uint8Array.of(0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00, ...modulus, 0x02, 0x03, 0x01, 0x00, 0x01);
}

function microdescriptorOf(
  random: ReturnType<typeof seededRandom>,
  { exit, ipv6 }: { readonly exit: boolean; readonly ipv6: string },
): string {
  const family = Array.from({ length: random.unit() < 0.4 ? random.below(12) : 0 }, () => `$${hex(random.bytes(20))}`);
  return [
    `onion-key\n${random.unit() < 0.5 ? object('RSA PUBLIC KEY', tapKey(random)) : ''}`,
    `ntor-onion-key ${base64Unpadded(random.bytes(32))}\n`,
    ipv6 === '' ? '' : `a ${ipv6}\n`,
    family.length === 0 ? '' : `family ${family.sort().join(' ')}\n`,
    exit ? `p ${policies[random.below(policies.length)]}\n` : '',
    exit && ipv6 !== '' ? 'p6 accept 80,443\n' : '',
    `id ed25519 ${base64Unpadded(random.bytes(32))}\n`,
  ].join('');
}
