/** How the rest of a keyword's line is read. */
export type ArgumentRule =
  /** Exactly these many words; more or fewer break the document. */
  | { readonly min: number; readonly max: number }
  /** The whole rest of the line as one ASCII argument. */
  | 'line'
  /** The whole rest of the line, any bytes. */
  | 'text';

/** Which object may follow a keyword's line. */
export type ObjectRule = 'none' | 'needed' | 'optional' | 'rsa-key' | 'rsa-key-1024' | 'optional-rsa-key-1024';

export interface KeywordRule {
  readonly keyword: string;
  readonly index: number;
  readonly args: ArgumentRule;
  readonly object: ObjectRule;
  readonly min: number;
  readonly max: number;
  readonly at: 'anywhere' | 'start' | 'end';
}

type RuleOptions = Partial<Pick<KeywordRule, 'object' | 'at'>>;
type Unnamed = Omit<KeywordRule, 'keyword' | 'index'>;

const rule =
  (min: number, max: number) =>
  (args: ArgumentRule, options: RuleOptions = {}): Unnamed => ({
    args,
    object: options.object ?? 'none',
    at: options.at ?? 'anywhere',
    min,
    max,
  });

/** The keyword stands exactly once. */
export const once = rule(1, 1);
/** Once or not at all. */
export const maybe = rule(0, 1);
/** Any number of times. */
export const any = rule(0, Number.POSITIVE_INFINITY);
/** At least once. */
export const some = rule(1, Number.POSITIVE_INFINITY);

/** At least this many words. */
export const atLeast = (min: number): ArgumentRule => ({ min, max: Number.POSITIVE_INFINITY });
/** Exactly this many words. */
export const exactly = (count: number): ArgumentRule => ({ min: count, max: count });
export const anyWords: ArgumentRule = { min: 0, max: Number.POSITIVE_INFINITY };
export const noWords: ArgumentRule = { min: 0, max: 0 };

/** The keywords of one kind of document. Keywords that are not in it are allowed anywhere and mean nothing. */
export class KeywordTable {
  readonly rules: readonly KeywordRule[];
  /** One number for each rule: room to count in, for one document at a time. */
  readonly counts: Uint32Array;
  readonly #byKeyword: ReadonlyMap<string, KeywordRule>;

  constructor(rules: Readonly<Record<string, Unnamed>>) {
    this.rules = Object.entries(rules).map(([keyword, unnamed], index) => ({ keyword, index, ...unnamed }));
    this.counts = new Uint32Array(this.rules.length);
    this.#byKeyword = new Map(this.rules.map((each) => [each.keyword, each]));
  }

  find(keyword: string): KeywordRule | undefined {
    return this.#byKeyword.get(keyword);
  }
}
