/**
 * The one tokenizer of directory documents.
 *
 * spec: dir-spec 1.2. As in C tor: `opt ` before a keyword is skipped, `#` begins a comment where white space may
 * stand, blank lines and indentation are skipped, unknown keywords are taken with whatever follows. Stricter than C
 * tor: a known keyword's words must be printable ASCII.
 */
import { RsaPublicKey } from '../../../crypto/primitives/index.ts';
import { rsaShape } from './der.ts';
import type { KeywordRule, KeywordTable, ObjectRule } from './rules.ts';
import { syntaxError } from './text.ts';
import { decodeBase64 } from './values.ts';

/** Limits of C tor; docs/LIMITS.md. */
export const tokenLimits = { lineLength: 128 * 1024, objectLength: 128 * 1024, args: 512 } as const;

export interface TokenObject {
  /** As in `-----BEGIN <type>-----`. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface Token {
  readonly keyword: string;
  /** Undefined for a keyword that the table does not know. */
  readonly rule: KeywordRule | undefined;
  readonly args: readonly string[];
  readonly object: TokenObject | undefined;
  /** Offset of the keyword. */
  readonly start: number;
}

export interface TokenizeOptions {
  /** `@` lines may stand before the first keyword. */
  readonly annotations?: boolean;
  /** The text is known to be `isPlain`, so that lines need not be looked through again. */
  readonly plain?: boolean;
}

// Tabs are white space; everything else below 0x20 and above 0x7e has no place between words.
const notPrintable = /[^\t\x20-\x7e]/;
const notPlain = /[^\t\n\x20-\x7e]/;

/** Whether a text has nothing but printable ASCII, tabs and line ends. */
export const isPlain = (text: string): boolean => !notPlain.test(text);

const none: readonly string[] = [];

const LF = 10;
const HASH = 35;
const AT = 64;

const isSpace = (code: number): boolean => code === 32 || code === LF || code === 9 || code === 13;

/**
 * The tokens of a document, checked against a table. Of a file of many, cut out one and give that: then no search
 * runs beyond its end.
 *
 * @throws TorError NETDOC_SYNTAX
 */
export function tokenize(text: string, table: KeywordTable, options: TokenizeOptions = {}): Section {
  const tokens = new Tokens(text, table, options.plain === true).all();
  checkCounts(text, tokens, table, options.annotations === true);
  return new Section(text, tokens);
}

/** The tokens of one part of a document. */
export class Section {
  readonly text: string;
  readonly tokens: readonly Token[];

  constructor(text: string, tokens: readonly Token[]) {
    this.text = text;
    this.tokens = tokens;
  }

  first(keyword: string): Token | undefined {
    for (const token of this.tokens) if (token.rule !== undefined && token.keyword === keyword) return token;
    return undefined;
  }

  all(keyword: string): Token[] {
    const found: Token[] = [];
    for (const token of this.tokens) if (token.rule !== undefined && token.keyword === keyword) found.push(token);
    return found;
  }

  /** The first argument of each token of a keyword. */
  firstWords(keyword: string): readonly string[] {
    return this.first(keyword) === undefined ? none : this.all(keyword).map(({ args }) => args[0] ?? '');
  }

  /** The first token of a keyword that the table demands. */
  need(keyword: string): Token {
    const token = this.first(keyword);
    if (token === undefined) throw syntaxError(`${keyword} is missing`);
    return token;
  }

  /** The first argument of the first token of a keyword. */
  arg(keyword: string): string | undefined {
    return this.first(keyword)?.args[0];
  }

  error(token: Token, message: string): Error {
    return syntaxError(message, { text: this.text, offset: token.start });
  }
}

class Tokens {
  readonly #text: string;
  readonly #end: number;
  readonly #table: KeywordTable;
  readonly #plain: boolean;
  #at = 0;

  constructor(text: string, table: KeywordTable, plain: boolean) {
    this.#text = text;
    this.#end = text.length;
    this.#table = table;
    this.#plain = plain;
  }

  all(): Token[] {
    const tokens: Token[] = [];
    this.#skipSpace();
    while (this.#at < this.#end) {
      tokens.push(this.#next());
      this.#skipSpace();
    }
    return tokens;
  }

  #fail(message: string, offset = this.#at): never {
    throw syntaxError(message, { text: this.#text, offset });
  }

  /** Over white space, line ends and comments. */
  #skipSpace(): void {
    const text = this.#text;
    let at = this.#at;
    while (at < this.#end) {
      const code = text.charCodeAt(at);
      if (isSpace(code)) at++;
      else if (code === HASH) at = this.#lineEnd(at);
      else break;
    }
    this.#at = at;
  }

  #lineEnd(from: number): number {
    const at = this.#text.indexOf('\n', from);
    return at === -1 ? this.#end : at;
  }

  #wordEnd(from: number, lineEnd: number): number {
    let at = from;
    while (at < lineEnd) {
      const code = this.#text.charCodeAt(at);
      if (code <= HASH && (isSpace(code) || code === HASH)) break;
      at++;
    }
    return at;
  }

  /** Over white space and a comment within a line. */
  #skipInLine(from: number, lineEnd: number): number {
    let at = from;
    while (at < lineEnd) {
      const code = this.#text.charCodeAt(at);
      if (code === HASH) return lineEnd;
      if (!isSpace(code)) break;
      at++;
    }
    return at;
  }

  #next(): Token {
    const text = this.#text;
    let start = this.#at;
    const lineEnd = this.#lineEnd(start);
    if (lineEnd - start > tokenLimits.lineLength) this.#fail('a line is far too long');
    let wordEnd = this.#wordEnd(start, lineEnd);
    if (wordEnd - start === 3 && text.startsWith('opt', start)) {
      start = this.#skipInLine(wordEnd, lineEnd);
      wordEnd = this.#wordEnd(start, lineEnd);
    }
    const keyword = text.slice(start, wordEnd);
    const rule = this.#table.find(keyword);
    const args =
      rule === undefined
        ? [this.#freeText(start, lineEnd)]
        : this.#args(rule, this.#skipInLine(wordEnd, lineEnd), lineEnd);
    this.#at = lineEnd;
    this.#skipSpace();
    const object = this.#object(rule, keyword);
    return { keyword, rule, args, object, start };
  }

  #freeText(start: number, lineEnd: number): string {
    const line = this.#text.slice(start, lineEnd);
    if (!this.#plain && line.includes('\0')) this.#fail('a NUL character');
    return line;
  }

  #args(rule: KeywordRule, start: number, lineEnd: number): string[] {
    if (rule.args === 'text') return [this.#freeText(start, lineEnd)];
    if (!this.#plain && notPrintable.test(this.#text.slice(start, lineEnd))) {
      this.#fail(`${rule.keyword} has a byte that may not stand there`);
    }
    if (rule.args === 'line') return [this.#text.slice(start, lineEnd)];
    const args = splitWords(this.#text, start, lineEnd);
    if (args.length > tokenLimits.args) this.#fail(`${rule.keyword} has far too many arguments`);
    if (args.length < rule.args.min) this.#fail(`${rule.keyword} has too few arguments`);
    if (args.length > rule.args.max) this.#fail(`${rule.keyword} has too many arguments`);
    return args;
  }

  #object(rule: KeywordRule | undefined, keyword: string): TokenObject | undefined {
    const needs: ObjectRule = rule === undefined ? 'optional' : rule.object;
    const object = this.#text.startsWith('-----BEGIN ', this.#at) ? this.#readObject() : undefined;
    if (object === undefined) {
      if (needs === 'needed' || needs === 'rsa-key' || needs === 'rsa-key-1024') {
        this.#fail(`the object of ${keyword} is missing`);
      }
      return undefined;
    }
    if (needs === 'none') this.#fail(`an object after ${keyword}, which has none`);
    this.#checkKey(needs, keyword, object);
    return object;
  }

  #readObject(): TokenObject | undefined {
    const text = this.#text;
    const start = this.#at;
    const lineEnd = text.indexOf('\n', start);
    // Without a line end this is no object to C tor, but the next keyword line.
    if (lineEnd === -1) return undefined;
    if (lineEnd - start <= 16 || !text.startsWith('-----', lineEnd - 5)) this.#fail('a malformed BEGIN line');
    const type = text.slice(start + 11, lineEnd - 5);
    const bodyStart = lineEnd + 1;
    const bodyEnd = text.indexOf('-----END ', bodyStart);
    if (bodyEnd === -1) this.#fail('an object without its END line');
    const footerEnd = this.#lineEnd(bodyEnd);
    if (text.slice(bodyEnd, footerEnd) !== `-----END ${type}-----`)
      this.#fail('an END line that does not match', bodyEnd);
    if (bodyEnd - bodyStart > tokenLimits.objectLength) this.#fail('an object much too big');
    const bytes = decodeBase64(text.slice(bodyStart, bodyEnd));
    if (bytes === undefined) this.#fail('an object that is not base64');
    this.#at = footerEnd;
    return { type, bytes };
  }

  #checkKey(needs: ObjectRule, keyword: string, object: TokenObject): void {
    const isKey = object.type === 'RSA PUBLIC KEY';
    const wantsKey = needs === 'rsa-key' || needs === 'rsa-key-1024' || needs === 'optional-rsa-key-1024';
    if (!isKey) {
      if (wantsKey) this.#fail(`the object of ${keyword} is not an RSA public key`);
      return;
    }
    if (needs === 'needed') this.#fail(`unexpected public key after ${keyword}`);
    const shape = rsaShape(object.bytes);
    if (shape === undefined) this.#fail(`the key of ${keyword} cannot be read`);
    if ((needs === 'rsa-key-1024' || needs === 'optional-rsa-key-1024') && shape.bits !== 1024) {
      this.#fail(`the key of ${keyword} has ${shape.bits} bits, not 1024`);
    }
  }
}

/** The words of a line, or of a part of a text; a `#` ends them. */
export function splitWords(text: string, from = 0, end = text.length): string[] {
  const words: string[] = [];
  let start = from;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code > HASH || (code !== 32 && code !== 9 && code !== HASH)) continue;
    if (at > start) words.push(text.slice(start, at));
    if (code === HASH) return words;
    start = at + 1;
  }
  if (end > start) words.push(text.slice(start, end));
  return words;
}

function checkCounts(text: string, tokens: readonly Token[], table: KeywordTable, annotations: boolean): void {
  let firstKeyword = 0;
  while (firstKeyword < tokens.length && isAnnotation(tokens[firstKeyword] as Token)) firstKeyword++;
  if (firstKeyword > 0 && !annotations) throw misplaced(text, 'annotations where none are allowed', tokens[0]);
  if (annotations && firstKeyword === tokens.length) throw misplaced(text, 'nothing but annotations');
  const counts = table.counts.fill(0);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (i > firstKeyword && isAnnotation(token)) throw misplaced(text, 'an annotation among keywords', token);
    if (token.rule !== undefined) counts[token.rule.index] = (counts[token.rule.index] as number) + 1;
  }
  for (const rule of table.rules) {
    const count = counts[rule.index] as number;
    if (count < rule.min) throw misplaced(text, `${rule.keyword} is missing`);
    if (count > rule.max) {
      const last = tokens.findLast((each) => each.rule === rule);
      throw misplaced(text, `${rule.keyword} stands too often`, last);
    }
    if (rule.at === 'anywhere') continue;
    const token = rule.at === 'start' ? tokens[firstKeyword] : tokens[tokens.length - 1];
    if (token?.rule !== rule) throw misplaced(text, `${rule.keyword} does not stand at the ${rule.at}`, token);
  }
}

const misplaced = (text: string, message: string, token?: Token): Error =>
  syntaxError(message, { text, offset: token?.start ?? 0 });

const isAnnotation = (token: Token): boolean => token.keyword.charCodeAt(0) === AT;

/** The key of a token whose rule demands one. Throws NETDOC_SYNTAX. */
export function rsaKeyOf(token: Token): RsaPublicKey {
  if (token.object === undefined) throw syntaxError(`the key of ${token.keyword} is missing`);
  try {
    return RsaPublicKey.fromDer(token.object.bytes);
  } catch {
    throw syntaxError(`the key of ${token.keyword} cannot be read`);
  }
}
