import { parseRouterLine, parseWeightLine, type RouterWords, type WeightLine } from '../consensus/entries.ts';
import { entryTable } from '../consensus/tables.ts';
import { tryProtover } from '../meta/fields.ts';
import { type Section, splitWords, tokenize } from '../meta/tokenizer.ts';
import { firstIpv6, parseIsoTime } from '../meta/values.ts';
import type { VotePool } from './pool.ts';
import type { VoteEntry } from './types.ts';

const noWeights: WeightLine = {
  bandwidth: undefined,
  measured: undefined,
  unmeasured: false,
  guardFraction: undefined,
};

/** Reads the relays of one vote. Lines that repeat from relay to relay are looked through once. */
export class VoteEntryReader {
  readonly #known: ReadonlySet<string>;
  readonly #plain: boolean;
  readonly #flags = new Map<string, readonly string[]>();
  readonly #protovers = new Set<string>();
  readonly #texts = new Map<string, string>();
  readonly #times = new Map<string, number | undefined>();
  readonly #pool: VotePool;
  readonly #words: RouterWords;
  readonly #timeOf = (date: string, clock: string): number | undefined => {
    const text = `${date} ${clock}`;
    let time = this.#times.get(text);
    if (time === undefined) {
      time = parseIsoTime(text);
      this.#times.set(text, time);
    }
    return time;
  };

  constructor(knownFlags: readonly string[], plain: boolean, pool: VotePool) {
    this.#known = new Set(knownFlags);
    this.#plain = plain;
    this.#pool = pool;
    this.#words = { timeOf: this.#timeOf, decode: pool.decode, address: pool.address };
  }

  /** Throws NETDOC_SYNTAX. */
  read(text: string): VoteEntry {
    const section = tokenize(text, entryTable, { plain: this.#plain });
    const router = parseRouterLine(section, section.need('r'), true, this.#words);
    const weights = section.first('w');
    const { bandwidth, measured, guardFraction } =
      weights === undefined ? noWeights : parseWeightLine(section, splitWords(weights.args[0] as string));
    return {
      nickname: router.nickname,
      rsaId: router.rsaId,
      descriptorDigest: router.digest as Uint8Array,
      publishedMs: router.publishedMs,
      address: router.address,
      orPort: router.orPort,
      dirPort: router.dirPort,
      ipv6: firstIpv6(section.firstWords('a')),
      flags: this.#flagsOf(section),
      version: this.#shared(section.arg('v')),
      protover: this.#protoverOf(section),
      bandwidth,
      measured,
      guardFraction,
      policy: this.#policyOf(section),
      ed25519Id: this.#ed25519Of(section),
      microdescs: this.#microdescsOf(section),
      stats: section.tokens.find((token) => token.keyword === 'stats')?.args[0]?.slice('stats '.length),
    };
  }

  #shared(text: string | undefined): string | undefined {
    if (text === undefined) return undefined;
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, text);
    return text;
  }

  #flagsOf(section: Section): readonly string[] {
    const token = section.need('s');
    const line = token.args[0] as string;
    let flags = this.#flags.get(line);
    if (flags === undefined) {
      flags = splitWords(line);
      const unknown = flags.find((flag) => !this.#known.has(flag));
      if (unknown !== undefined) throw section.error(token, `flag ${unknown} is not among known-flags`);
      this.#flags.set(line, flags);
    }
    return flags;
  }

  #protoverOf(section: Section): string | undefined {
    const token = section.first('pr');
    const line = this.#shared(token?.args[0]);
    if (token === undefined || line === undefined || this.#protovers.has(line)) return line;
    if (tryProtover(line) === undefined) throw section.error(token, 'pr is not a list of protocol versions');
    this.#protovers.add(line);
    return line;
  }

  #policyOf(section: Section): string | undefined {
    const policy = this.#shared(section.arg('p'));
    if (policy !== undefined && !policy.startsWith('accept ') && !policy.startsWith('reject ')) {
      throw section.error(section.need('p'), 'p is neither accept nor reject');
    }
    return policy;
  }

  #microdescsOf(section: Section): readonly string[] {
    const lines = section.all('m').map((token) => token.args[0] as string);
    const [only, second] = lines;
    return only === undefined || second !== undefined ? lines : this.#pool.listOf(only);
  }

  /** `none` counts as a listing, and never takes back a key that another line gave. */
  #ed25519Of(section: Section): Uint8Array | 'none' | undefined {
    let found: Uint8Array | 'none' | undefined;
    for (const token of section.all('id')) {
      if (token.args[0] !== 'ed25519') continue;
      if (token.args[1] === 'none') {
        found ??= 'none';
        continue;
      }
      const key = this.#pool.decode(token.args[1] as string, 32);
      if (key === undefined) throw section.error(token, 'id has no Ed25519 key');
      found = key.every((byte) => byte === 0) ? 'none' : key;
    }
    return found;
  }
}
