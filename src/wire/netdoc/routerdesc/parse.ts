import { bytesEqual } from '../../../base/bytes/index.ts';
import { sha256 } from '../../../crypto/primitives/index.ts';
import { emptyProtover } from '../../protover/index.ts';
import { needed } from '../meta/certs.ts';
import { integerArg, parsePortSummary, timeField, tryProtover } from '../meta/fields.ts';
import {
  checkRsaSignature,
  readRelayDocuments,
  relayDigest,
  trimmedEnd,
  withoutAnnotations,
} from '../meta/relay-signatures.ts';
import { bytesOf, syntaxError, textOf } from '../meta/text.ts';
import { rsaKeyOf, type Section, tokenize } from '../meta/tokenizer.ts';
import type { DocumentText, Parsed, PortSummary } from '../meta/types.ts';
import {
  decodeBase64Of,
  firstIpv6,
  isNickname,
  isNicknameOrHex,
  parseHex20,
  parseInteger,
  parseIsoTime,
  parseQuad,
} from '../meta/values.ts';
import { expandPrivate, parseDescriptorRule } from '../policy/rules.ts';
import type { PolicyRule } from '../policy/types.ts';
import { keysOf } from './keys.ts';
import { currentTable, historicTable } from './table.ts';
import type { ExtraInfoDigest, ServerDescriptor } from './types.ts';

export interface ServerDescriptorOptions {
  /** Annotations may stand before a descriptor (cache files). */
  readonly annotations?: boolean;
  /** Takes what relays wrote before they had Ed25519 keys: no use for it but archives. */
  readonly historic?: boolean;
  /** Signatures are not checked: for tests with shortened documents. */
  readonly dangerouslySkipSignatures?: boolean;
}

/** Reads and checks one descriptor. Throws NETDOC_SYNTAX, NETDOC_SIGNATURE. */
export function parseServerDescriptor(document: DocumentText, options: ServerDescriptorOptions = {}): ServerDescriptor {
  return readDescriptor(textOf(document), options);
}

/** Reads descriptors one after the other: a directory's answer or a cache file. */
export function parseServerDescriptors(
  document: DocumentText,
  options: ServerDescriptorOptions = {},
): Parsed<ServerDescriptor> {
  return readRelayDocuments(textOf(document), 'router ', (part) => readDescriptor(part, options));
}

const maxInt = 2 ** 31 - 1;
const purposes: readonly (string | undefined)[] = [undefined, 'general', 'controller', 'bridge'];

function readDescriptor(whole: string, options: ServerDescriptorOptions): ServerDescriptor {
  const text = trimmedEnd(withoutAnnotations(whole, 'router '));
  const annotations = annotationsOf(whole.slice(0, whole.indexOf(text.slice(0, -1))), options.annotations === true);
  const section = tokenize(text, options.historic === true ? historicTable : currentTable);
  const digest = needed(relayDigest(text, 'router '), 'the end of the descriptor');
  const identityKey = rsaKeyOf(section.need('signing-key'));
  const rsaId = identityKey.fingerprint;
  const prove = options.dangerouslySkipSignatures !== true;
  checkFingerprint(section, rsaId);
  const descriptor: ServerDescriptor = {
    text,
    digest,
    digest256: sha256(bytesOf(text)),
    ...routerLine(section),
    ...bandwidths(section),
    ...policiesOf(section),
    ...smallFields(section, options.historic === true),
    ...keysOf(section, rsaId, prove),
    identityKey,
    rsaId,
    annotations,
  };
  if (prove) checkRsaSignature(section, digest, identityKey);
  return descriptor;
}

function annotationsOf(text: string, allowed: boolean): ReadonlyMap<string, string> {
  const annotations = new Map<string, string>();
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    if (!allowed || !trimmed.startsWith('@')) throw syntaxError('something stands before the descriptor');
    const [keyword = '', ...rest] = trimmed.slice(1).split(' ');
    annotations.set(keyword, rest.join(' '));
  }
  if (!purposes.includes(annotations.get('purpose')?.split(' ')[0])) throw syntaxError('an unknown purpose');
  return annotations;
}

function routerLine(
  section: Section,
): Pick<ServerDescriptor, 'nickname' | 'address' | 'orPort' | 'socksPort' | 'dirPort' | 'ipv6'> {
  const token = section.need('router');
  const [nickname = '', quad = '', , socksPort = ''] = token.args;
  const address = parseQuad(quad);
  if (!isNickname(nickname)) throw section.error(token, 'the nickname is none');
  if (address === undefined) throw section.error(token, 'the address is not an IPv4 address');
  return {
    nickname,
    address,
    orPort: integerArg(section, token, 2, 1, 65535),
    socksPort: parseInteger(socksPort, 0, 65535) ?? 0,
    dirPort: integerArg(section, token, 4, 0, 65535),
    ipv6: firstIpv6(section.firstWords('or-address')),
  };
}

function bandwidths(
  section: Section,
): Pick<ServerDescriptor, 'bandwidthRate' | 'bandwidthBurst' | 'bandwidthObserved'> {
  const token = section.need('bandwidth');
  return {
    bandwidthRate: integerArg(section, token, 0, 1, maxInt),
    bandwidthBurst: integerArg(section, token, 1, 0, maxInt),
    bandwidthObserved: integerArg(section, token, 2, 0, maxInt),
  };
}

function policiesOf(section: Section): { exitPolicy: PolicyRule[]; ipv6Policy: PortSummary | undefined } {
  if (section.first('accept6') !== undefined || section.first('reject6') !== undefined) {
    throw syntaxError('accept6 and reject6 have no place in a descriptor');
  }
  const rules: PolicyRule[] = [];
  for (const token of section.tokens) {
    if (token.keyword !== 'accept' && token.keyword !== 'reject') continue;
    const rule =
      token.args.length === 1 ? parseDescriptorRule(token.keyword === 'accept', token.args[0] ?? '') : undefined;
    if (rule === undefined) throw section.error(token, 'a rule of the exit policy cannot be read');
    rules.push(rule);
  }
  if (rules.length === 0) throw syntaxError('there is no exit policy');
  const ipv6 = section.first('ipv6-policy');
  const ipv6Policy = ipv6 && needed(parsePortSummary(ipv6.args[0] ?? ''), 'ipv6-policy');
  return { exitPolicy: expandPrivate(rules), ipv6Policy };
}

type SmallFields = Omit<
  ServerDescriptor,
  | keyof ReturnType<typeof routerLine>
  | keyof ReturnType<typeof bandwidths>
  | keyof ReturnType<typeof keysOf>
  | keyof ReturnType<typeof policiesOf>
  | 'text'
  | 'digest'
  | 'digest256'
  | 'identityKey'
  | 'rsaId'
  | 'annotations'
>;

function smallFields(section: Section, historic: boolean): SmallFields {
  const has = (keyword: string): boolean => section.first(keyword) !== undefined;
  const uptime = section.first('uptime');
  const protoverText = section.arg('proto');
  return {
    publishedMs: timeField(section, 'published'),
    platform: section.arg('platform') ?? '',
    protoverText,
    // C tor knows no protocols of a relay whose line it cannot read, and takes the descriptor.
    protover: tryProtover(protoverText ?? '') ?? emptyProtover,
    uptimeSec: uptime && integerArg(section, uptime, 0, historic ? -maxInt : 0, Number.MAX_SAFE_INTEGER),
    hibernating: (parseInteger(section.arg('hibernating') ?? '', 0, Number.MAX_SAFE_INTEGER) ?? 0) !== 0,
    cachesExtraInfo: has('caches-extra-info'),
    extraInfoDigest: extraInfoDigestOf(section),
    isHsDir: has('hidden-service-dir'),
    allowSingleHopExits: has('allow-single-hop-exits'),
    tunnelledDirServer: has('tunnelled-dir-server') || section.need('router').args[4] !== '0',
    overloadGeneralMs: overloadOf(section.arg('overload-general')),
    contact: section.arg('contact'),
    family: familyOf(section),
    bridgeDistribution: section.arg('bridge-distribution-request'),
  };
}

/** Version 1 and a time. */
const overloadOf = (text: string | undefined): number | undefined =>
  text?.startsWith('1 ') === true ? parseIsoTime(text.slice(2)) : undefined;

/** Digests that cannot be read are left out, as in C tor. */
function extraInfoDigestOf(section: Section): ExtraInfoDigest | undefined {
  const token = section.first('extra-info-digest');
  const sha1 = parseHex20(token?.args[0] ?? '');
  return sha1 && { sha1, sha256: decodeBase64Of(token?.args[1] ?? '', 32) };
}

function familyOf(section: Section): readonly string[] {
  const token = section.first('family');
  if (token === undefined) return [];
  if (!token.args.every(isNicknameOrHex)) throw section.error(token, 'family has a name that cannot be');
  return token.args;
}

function checkFingerprint(section: Section, rsaId: Uint8Array): void {
  const token = section.first('fingerprint');
  if (token === undefined) return;
  const declared = parseHex20((token.args[0] ?? '').replaceAll(' ', ''));
  if (declared === undefined || !bytesEqual(declared, rsaId)) {
    throw section.error(token, 'the fingerprint is not that of the identity key');
  }
}
