import { latin1 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { sha256 } from '../../../crypto/primitives/index.ts';
import { rsaShape } from '../meta/der.ts';
import { parsePortSummary } from '../meta/fields.ts';
import { any, atLeast, KeywordTable, maybe, noWords, once } from '../meta/rules.ts';
import { bytesOf, detached, syntaxError, textOf } from '../meta/text.ts';
import { isPlain, type Section, splitWords, tokenize } from '../meta/tokenizer.ts';
import type { DocumentText, Parsed, PortSummary, Refused } from '../meta/types.ts';
import { decodeBase64Of, firstIpv6, isHexName, isNickname, parseIsoTime } from '../meta/values.ts';
import type { Microdescriptor } from './types.ts';

const table = new KeywordTable({
  'onion-key': once(noWords, { object: 'optional-rsa-key-1024', at: 'start' }),
  'ntor-onion-key': once(atLeast(1)),
  id: any(atLeast(2)),
  a: any(atLeast(1)),
  family: maybe('line'),
  'family-ids': maybe('line'),
  p: maybe('line'),
  p6: maybe('line'),
  '@last-listed': maybe('line'),
});

export interface MicrodescriptorOptions {
  /** `@` lines may stand before a microdescriptor, as in C tor's cache files and in archives. */
  readonly annotations?: boolean;
}

/**
 * Reads microdescriptors one after the other: a directory's answer, or a cache file with its annotations. One that is
 * broken is left out and named in `refused`. Throws nothing.
 */
export function parseMicrodescriptors(
  document: DocumentText,
  options: MicrodescriptorOptions = {},
): Parsed<Microdescriptor> {
  const text = textOf(document);
  const bytes = typeof document === 'string' ? bytesOf(document) : document;
  const policies = new Policies();
  const tokenizing = { annotations: options.annotations === true, plain: isPlain(text) };
  const documents: Microdescriptor[] = [];
  const refused: Refused[] = [];
  for (let start = skipSpace(text, 0); start < text.length; ) {
    const end = endOfMicrodescriptor(text, start);
    const part = text.slice(start, end);
    // Where C tor looks for it: the first place, whatever stands before it.
    const found = part.indexOf('onion-key');
    const body = start + Math.max(found, 0);
    const digest = sha256(bytes.subarray(body, end));
    try {
      if (found === -1) throw syntaxError('a microdescriptor without onion-key', { text, offset: start });
      // A text of its own, of which the fields are parts: one microdescriptor does not keep a whole answer in memory.
      const own = latin1(bytes.subarray(body, end));
      const section = tokenize(body === start ? own : detached(part), table, tokenizing);
      documents.push({ digest, text: own, ...fieldsOf(section, policies) });
    } catch (error) {
      if (!TorError.is(error)) throw error;
      refused.push({ digest, offset: start, reason: error.message });
    }
    start = end;
  }
  return { documents, refused };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++;
  return at;
}

const shortest = 32;

/** The next annotation or `onion-key` line after the first lines of this one; the end of the text when there is none. */
function endOfMicrodescriptor(text: string, start: number): number {
  let at = start;
  while (text.charAt(at) === '@') at = nextLine(text, at);
  if (text.startsWith('onion-key', at)) at = nextLine(text, at);
  while (text.length - at > shortest) {
    if (text.charCodeAt(at) === 64 || text.startsWith('onion-key', at)) return at;
    at = nextLine(text, at);
  }
  return text.length;
}

function nextLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end + 1;
}

/** Summaries repeat from relay to relay. */
class Policies {
  readonly #seen = new Map<string, PortSummary | undefined>();

  of(line: string | undefined): PortSummary | undefined {
    if (line === undefined) return undefined;
    let policy = this.#seen.get(line);
    if (policy === undefined && !this.#seen.has(line)) {
      policy = parsePortSummary(line);
      this.#seen.set(line, policy);
    }
    return policy;
  }
}

function fieldsOf(section: Section, policies: Policies): Omit<Microdescriptor, 'digest' | 'text'> {
  checkOnionKey(section);
  const ntor = section.need('ntor-onion-key');
  const ntorKey = decodeBase64Of(ntor.args[0] as string, 32);
  if (ntorKey === undefined) throw section.error(ntor, 'ntor-onion-key is no key');
  const family = section.arg('family');
  const familyIds = section.arg('family-ids');
  return {
    ntorKey,
    ed25519Id: ed25519Id(section),
    ipv6: firstIpv6(section.firstWords('a')),
    family: family === undefined ? [] : splitWords(family).filter((name) => isNickname(name) || isHexName(name)),
    familyIds: familyIds === undefined ? [] : splitWords(familyIds),
    policy: policies.of(section.arg('p')),
    policy6: policies.of(section.arg('p6')),
    lastListedMs: lastListed(section),
  };
}

/** The TAP key is of no use to anybody, but one that is there must be a key with the usual exponent. */
function checkOnionKey(section: Section): void {
  const token = section.need('onion-key');
  if (token.object !== undefined && rsaShape(token.object.bytes)?.exponent !== 65537) {
    throw section.error(token, 'onion-key has an odd exponent');
  }
}

function ed25519Id(section: Section): Uint8Array | undefined {
  const lines = section.all('id').filter((token) => token.args[0] === 'ed25519');
  const [token, extra] = lines;
  if (token === undefined) return undefined;
  if (extra !== undefined) throw section.error(extra, 'two Ed25519 identities');
  const key = decodeBase64Of(token.args[1] as string, 32);
  if (key === undefined) throw section.error(token, 'id is no key');
  return key;
}

function lastListed(section: Section): number | undefined {
  const token = section.first('@last-listed');
  if (token === undefined) return undefined;
  const ms = parseIsoTime(token.args[0] as string);
  if (ms === undefined) throw section.error(token, '@last-listed is not a time');
  return ms;
}
