import { compareBytes } from '../../../base/bytes/index.ts';
import { emptyProtover, type Protover } from '../../protover/index.ts';
import type { KeywordTable } from '../meta/rules.ts';
import { syntaxError } from '../meta/text.ts';
import { isPlain, type Section, splitWords, type Token, tokenize } from '../meta/tokenizer.ts';
import { decodeBase64Of, firstIpv6, isNickname, parseInteger, parseQuad } from '../meta/values.ts';
import { ColumnRelay, RelayColumns, type RelayRow, SharedLines } from './relay-columns.ts';
import type { ConsensusFlavor, RouterStatus } from './types.ts';

/** Where the entries of a consensus or vote begin, and where its footer does. */
export interface BodyLayout {
  /** Offset of the first entry, or of the footer when there are none: the end of the header. */
  readonly headerEnd: number;
  readonly entryStarts: readonly number[];
  readonly footerStart: number;
}

/** spec: dir-spec 3.4.1. As in C tor an entry goes on to the next line that begins with "r ", or to the footer. */
export function layoutOf(text: string): BodyLayout {
  const footerStart = earliest(text.indexOf('\ndirectory-footer'), text.indexOf('\ndirectory-signature'), text.length);
  const entryStarts: number[] = [];
  for (let at = text.indexOf('\nr '); at !== -1 && at + 1 < footerStart; at = text.indexOf('\nr ', at + 1)) {
    entryStarts.push(at + 1);
  }
  return { headerEnd: entryStarts[0] ?? footerStart, entryStarts, footerStart };
}

function earliest(a: number, b: number, end: number): number {
  if (a === -1 && b === -1) return end;
  return (a === -1 || (b !== -1 && b < a) ? b : a) + 1;
}

/** The relays of a consensus. Throws NETDOC_SYNTAX for the first that breaks the form, or when they are not sorted. */
export function parseEntries(
  text: string,
  layout: BodyLayout,
  flavor: ConsensusFlavor,
  table: KeywordTable,
): RouterStatus[] {
  const { entryStarts, footerStart } = layout;
  const shared = new SharedLines();
  const words: RouterWords = { ...plainWords, timeOf: shared.timeOf };
  const columns = new RelayColumns(entryStarts.length, flavor === 'microdesc' ? 32 : 20, shared);
  const relays: RouterStatus[] = new Array(entryStarts.length);
  const plain = isPlain(text.slice(layout.headerEnd, footerStart));
  let previous: Uint8Array | undefined;
  for (let i = 0; i < entryStarts.length; i++) {
    const section = tokenize(text.slice(entryStarts[i], entryStarts[i + 1] ?? footerStart), table, { plain });
    const row = rowOf(section, flavor, shared, words);
    if (previous !== undefined && compareBytes(previous, row.rsaId) >= 0) {
      throw syntaxError('entries are not sorted by identity', { text, offset: entryStarts[i] as number });
    }
    previous = row.rsaId;
    columns.set(i, row);
    relays[i] = new ColumnRelay(columns, i);
  }
  return relays;
}

/** How words of an `r` line are read; who reads many may know some already. */
export interface RouterWords {
  readonly timeOf: (date: string, time: string) => number | undefined;
  readonly decode: (word: string, length: number) => Uint8Array | undefined;
  readonly address: (word: string) => Uint8Array | undefined;
}

const plainWords: Pick<RouterWords, 'decode' | 'address'> = { decode: decodeBase64Of, address: parseQuad };

/** The words of an `r` line that every kind of entry has. */
export interface RouterLine {
  readonly nickname: string;
  readonly rsaId: Uint8Array;
  /** 20 bytes; absent in the microdesc flavour. */
  readonly digest: Uint8Array | undefined;
  readonly publishedMs: number;
  readonly address: Uint8Array;
  readonly orPort: number;
  readonly dirPort: number;
}

export function parseRouterLine(section: Section, token: Token, withDigest: boolean, read: RouterWords): RouterLine {
  const words = token.args;
  if (withDigest && words.length < 8) throw section.error(token, 'r has too few arguments');
  const offset = withDigest ? 3 : 2;
  const word = (index: number): string => words[index] as string;
  const rsaId = read.decode(word(1), 20);
  const digest = withDigest ? read.decode(word(2), 20) : undefined;
  const publishedMs = read.timeOf(word(offset), word(offset + 1));
  const address = read.address(word(offset + 2));
  if (!isNickname(word(0))) throw section.error(token, 'r has a nickname that is none');
  if (rsaId === undefined || (withDigest && digest === undefined)) throw section.error(token, 'r has a bad digest');
  if (publishedMs === undefined) throw section.error(token, 'r has a bad time');
  if (address === undefined) throw section.error(token, 'r has a bad address');
  // A port that cannot be read counts as none, as in C tor.
  const orPort = parseInteger(word(offset + 3), 0, 65535) ?? 0;
  const dirPort = parseInteger(word(offset + 4), 0, 65535) ?? 0;
  return { nickname: word(0), rsaId, digest, publishedMs, address, orPort, dirPort };
}

/** `w` line: Bandwidth, Measured, Unmeasured, GuardFraction; other words are skipped. Throws NETDOC_SYNTAX. */
export interface WeightLine {
  readonly bandwidth: number | undefined;
  readonly measured: number | undefined;
  readonly unmeasured: boolean;
  readonly guardFraction: number | undefined;
}

const maxKb = 2 ** 32 - 1;
const noWeights: WeightLine = {
  bandwidth: undefined,
  measured: undefined,
  unmeasured: false,
  guardFraction: undefined,
};

export function parseWeightLine(section: Section, words: readonly string[]): WeightLine {
  let { bandwidth, measured, unmeasured, guardFraction } = noWeights;
  for (const word of words) {
    if (word.startsWith('Bandwidth=')) bandwidth = weight(section, word, 10, maxKb);
    else if (word.startsWith('Measured=')) measured = weight(section, word, 9, maxKb);
    else if (word.startsWith('Unmeasured=1')) unmeasured = true;
    else if (word.startsWith('GuardFraction=')) guardFraction = weight(section, word, 14, 100);
  }
  return { bandwidth, measured, unmeasured, guardFraction };
}

function weight(section: Section, word: string, prefix: number, max: number): number {
  const value = parseInteger(word.slice(prefix), 0, max);
  if (value === undefined) throw section.error(section.need('w'), `w has ${word}`);
  return value;
}

function rowOf(section: Section, flavor: ConsensusFlavor, shared: SharedLines, words: RouterWords): RelayRow {
  const router = parseRouterLine(section, section.need('r'), flavor === 'ns', words);
  const weights = section.first('w');
  const { bandwidth, unmeasured, guardFraction } =
    weights === undefined ? noWeights : parseWeightLine(section, splitWords(weights.args[0] as string));
  const policy = section.arg('p');
  if (policy !== undefined && !policy.startsWith('accept ') && !policy.startsWith('reject ')) {
    throw section.error(section.need('p'), 'p is neither accept nor reject');
  }
  return {
    nickname: router.nickname,
    rsaId: router.rsaId,
    publishedMs: router.publishedMs,
    address: router.address,
    orPort: router.orPort,
    dirPort: router.dirPort,
    ipv6: firstIpv6(section.firstWords('a')),
    flags: shared.flags.of(section.need('s').args[0] as string),
    version: shared.versions.of(section.arg('v') ?? ''),
    protover: protoverOf(section, shared),
    bandwidth,
    unmeasured,
    guardFraction,
    descriptorDigest: flavor === 'ns' ? router.digest : microdescDigest(section),
    policy: policy === undefined ? undefined : shared.versions.of(policy),
  };
}

function protoverOf(section: Section, shared: SharedLines): Protover {
  const token = section.first('pr');
  if (token === undefined) return emptyProtover;
  const list = shared.protovers.of(token.args[0] as string);
  if (list === null) throw section.error(token, 'pr is not a list of protocol versions');
  return list;
}

function microdescDigest(section: Section): Uint8Array | undefined {
  const token = section.first('m');
  if (token === undefined) return undefined;
  const digest = decodeBase64Of(token.args[0] as string, 32);
  if (digest === undefined) throw section.error(token, 'm is not a digest');
  return digest;
}
