import { base16, bytesEqual, compareBytes, latin1 } from '../../../base/bytes/index.ts';
import { certificateEnd, certificateRules, parseAuthorityCertificate } from '../authcert/parse.ts';
import type { AuthorityCertificate } from '../authcert/types.ts';
import { LazyDigests } from '../consensus/digests.ts';
import { type BodyLayout, layoutOf } from '../consensus/entries.ts';
import { parseFooter } from '../consensus/footer.ts';
import { parseDirSource, parseTimes } from '../consensus/header.ts';
import { numbersField, sharedRandomField, timeField, tryProtover } from '../meta/fields.ts';
import { any, anyWords, atLeast, exactly, KeywordTable, maybe, noWords, once } from '../meta/rules.ts';
import { signatureError, syntaxError, textOf } from '../meta/text.ts';
import { isPlain, type Section, type Token, tokenize } from '../meta/tokenizer.ts';
import type { DocumentText } from '../meta/types.ts';
import { parseHex20, parseInteger } from '../meta/values.ts';
import { VoteEntryReader } from './entry.ts';
import { VotePool } from './pool.ts';
import type { SharedRandomCommit, Vote, VoteEntry, VoteFields, VoteVoter } from './types.ts';

const headerTable = new KeywordTable({
  ...certificateRules,
  'network-status-version': once(atLeast(1), { at: 'start' }),
  'vote-status': once(atLeast(1)),
  published: once('line'),
  'valid-after': once('line'),
  'fresh-until': once('line'),
  'valid-until': once('line'),
  'voting-delay': once(atLeast(2)),
  'known-flags': once(anyWords),
  params: maybe(anyWords),
  'consensus-methods': once(atLeast(1)),
  'client-versions': maybe('line'),
  'server-versions': maybe('line'),
  package: any('line'),
  'recommended-client-protocols': maybe('line'),
  'recommended-relay-protocols': maybe('line'),
  'required-client-protocols': maybe('line'),
  'required-relay-protocols': maybe('line'),
  'dir-source': once(atLeast(6)),
  contact: once('text'),
  'legacy-dir-key': maybe(atLeast(1)),
  'shared-rand-participate': maybe(noWords),
  'shared-rand-commit': any(atLeast(3)),
  'shared-rand-previous-value': maybe(exactly(2)),
  'shared-rand-current-value': maybe(exactly(2)),
  // C tor does not read these, so that nothing about them can break a vote.
  'flag-thresholds': any('text'),
  'bandwidth-file-headers': any('text'),
  'bandwidth-file-digest': any('text'),
});

/** More could not be told apart in a vote of C tor, which keeps them in 64 bits. */
const maxKnownFlags = 64;

/**
 * Reads an authority's vote, and checks its certificate and its signature. Whether the authority is trusted and the
 * certificate is in force is for the caller to say.
 *
 * spec: dir-spec 3.4.1
 *
 * @param pool what the votes of a round have in common, when several are read
 * @throws TorError NETDOC_SYNTAX, NETDOC_SIGNATURE
 */
export function parseVote(document: DocumentText, pool = new VotePool()): Vote {
  const text = textOf(document);
  const digest = new LazyDigests(text).sha1;
  const layout = layoutOf(text);
  const section = tokenize(text.slice(0, layout.headerEnd), headerTable);
  checkKind(section);
  const certificate = certificateOf(text, layout);
  const voter = parseVoter(section, certificate);
  const entries = parseEntries(text, layout, knownFlags(section), pool);
  const { signatures } = parseFooter(text.slice(layout.footerStart), [certificate.identity]);
  const [signature, second] = signatures;
  if (signature === undefined || second !== undefined) throw syntaxError('a vote has just one signature');
  if (!certificate.signingKey.verifyDigest(signature.signature, digest)) {
    throw signatureError('the signature of the vote does not verify');
  }
  return {
    text,
    digest,
    signingKeyDigest: signature.signingKeyDigest,
    ...parseFields(section),
    voter,
    certificate,
    entries,
  };
}

function checkKind(section: Section): void {
  const version = section.need('network-status-version');
  const flavor = version.args[1] ?? 'ns';
  if (flavor !== 'ns') throw section.error(version, 'a vote has no flavour');
  const status = section.need('vote-status');
  if (status.args[0] !== 'vote') throw section.error(status, 'not a vote');
}

function certificateOf(text: string, layout: BodyLayout): AuthorityCertificate {
  const found = text.indexOf('\ndir-key-certificate-version');
  if (found === -1 || found + 1 >= layout.headerEnd || certificateEnd(text, found + 1) > layout.headerEnd) {
    throw syntaxError('a vote without a key certificate');
  }
  return parseAuthorityCertificate(text.slice(found + 1, layout.headerEnd));
}

function parseVoter(section: Section, certificate: AuthorityCertificate): VoteVoter {
  const source = section.need('dir-source');
  const contact = section.need('contact');
  if (contact.start < source.start) throw section.error(contact, 'contact is out of place');
  const voter = { ...parseDirSource(section, source), contact: contact.args[0] as string };
  if (!bytesEqual(voter.identity, certificate.identity)) {
    throw section.error(source, 'vote and certificate are of different authorities');
  }
  return voter;
}

function knownFlags(section: Section): readonly string[] {
  const token = section.need('known-flags');
  const flags = token.args;
  if (flags.length > maxKnownFlags) throw section.error(token, 'too many known-flags');
  if (flags.some((flag, i) => i > 0 && (flags[i - 1] as string) >= flag)) {
    throw section.error(token, 'known-flags is not in order');
  }
  return flags;
}

type HeaderFields = Omit<VoteFields, 'voter' | 'certificate' | 'entries'>;

function parseFields(section: Section): HeaderFields {
  const legacy = section.arg('legacy-dir-key');
  return {
    methods: section.need('consensus-methods').args.flatMap((word) => parseInteger(word, 1, 2 ** 31 - 1) ?? []),
    publishedMs: timeField(section, 'published'),
    ...parseTimes(section),
    clientVersions: section.arg('client-versions'),
    serverVersions: section.arg('server-versions'),
    knownFlags: knownFlags(section),
    flagThresholds: section.arg('flag-thresholds'),
    recommendedClientProtocols: protocols(section, 'recommended-client-protocols'),
    recommendedRelayProtocols: protocols(section, 'recommended-relay-protocols'),
    requiredClientProtocols: protocols(section, 'required-client-protocols'),
    requiredRelayProtocols: protocols(section, 'required-relay-protocols'),
    params: numbersField(section, 'params', true),
    bandwidthFileHeaders: section.arg('bandwidth-file-headers'),
    bandwidthFileDigest: section.arg('bandwidth-file-digest'),
    packages: section.all('package').map((token) => token.args[0] as string),
    legacyIdentity: legacy === undefined ? undefined : parseHex20(legacy),
    ...sharedRandom(section),
  };
}

function protocols(section: Section, keyword: string): string | undefined {
  const line = section.arg(keyword);
  if (line !== undefined && tryProtover(line) === undefined) {
    throw section.error(section.need(keyword), `${keyword} is not a list of protocol versions`);
  }
  return line;
}

function sharedRandom(
  section: Section,
): Pick<
  HeaderFields,
  'sharedRandomParticipate' | 'sharedRandomCommits' | 'sharedRandomPrevious' | 'sharedRandomCurrent'
> {
  const participate = section.first('shared-rand-participate') !== undefined;
  return {
    sharedRandomParticipate: participate,
    sharedRandomCommits: participate ? section.all('shared-rand-commit').flatMap((token) => commitOf(token) ?? []) : [],
    sharedRandomPrevious: sharedRandomField(section, 'shared-rand-previous-value'),
    sharedRandomCurrent: sharedRandomField(section, 'shared-rand-current-value'),
  };
}

/** Commits that cannot be read are skipped, as in C tor. */
function commitOf(token: Token): SharedRandomCommit | undefined {
  const [version, algorithm, fingerprint, commit, reveal] = token.args;
  const identity = parseHex20(fingerprint ?? '');
  if (algorithm === undefined || identity === undefined || commit === undefined) return undefined;
  return { version: parseInteger(version ?? '', 1, 2 ** 32 - 1) ?? 0, algorithm, identity, commit, reveal };
}

function parseEntries(text: string, layout: BodyLayout, flags: readonly string[], pool: VotePool): VoteEntry[] {
  const { entryStarts, footerStart } = layout;
  const reader = new VoteEntryReader(flags, isPlain(text.slice(layout.headerEnd, footerStart)), pool);
  const entries: VoteEntry[] = new Array(entryStarts.length);
  const keys = new Set<string>();
  for (let i = 0; i < entryStarts.length; i++) {
    const offset = entryStarts[i] as number;
    const entry = reader.read(text.slice(offset, entryStarts[i + 1] ?? footerStart));
    const previous = entries[i - 1];
    if (previous !== undefined && compareBytes(previous.rsaId, entry.rsaId) >= 0) {
      throw syntaxError('entries are not sorted by identity', { text, offset });
    }
    if (entry.ed25519Id instanceof Uint8Array) {
      const key = latin1(entry.ed25519Id);
      if (keys.has(key)) {
        throw syntaxError(`two entries with Ed25519 key ${base16(entry.ed25519Id)}`, { text, offset });
      }
      keys.add(key);
    }
    entries[i] = entry;
  }
  return entries;
}
