import { base16Upper, base64Unpadded, fromBase64 } from '../../../base/bytes/index.ts';
import { isValidEd25519PublicKey } from '../../../crypto/primitives/index.ts';

/** What an operator has decided about a relay. */
export interface RelayRules {
  readonly reject: boolean;
  readonly invalid: boolean;
  readonly badExit: boolean;
  readonly middleOnly: boolean;
  readonly stripGuard: boolean;
  readonly stripHsDir: boolean;
  readonly stripV2Dir: boolean;
}

export type RuleName = keyof RelayRules;

const ruleWords: Readonly<Record<string, RuleName>> = {
  '!reject': 'reject',
  '!badexit': 'badExit',
  '!invalid': 'invalid',
  '!middleonly': 'middleOnly',
  '!stripguard': 'stripGuard',
  '!striphsdir': 'stripHsDir',
  '!stripv2dir': 'stripV2Dir',
};

/** Name of the file in the data directory. */
export const approvedRoutersFile = 'approved-routers';

/** The file `approved-routers`: a word or nickname, and a fingerprint or an Ed25519 identity, to each line. */
export class ApprovedRouters {
  /** By fingerprint in upper case, or Ed25519 identity in base64. */
  readonly #rules = new Map<string, Set<RuleName>>();

  /** `warn` hears of lines that are skipped. */
  static parse(text: string, warn: (message: string) => void): ApprovedRouters {
    const routers = new ApprovedRouters();
    for (const raw of text.split('\n')) {
      const line = raw.replace(/#.*$/, '').trim();
      if (line === '') continue;
      const [word, ...rest] = line.split(/[ \t]+/) as [string, ...string[]];
      const key = keyOf(rest.join(''));
      if (key === undefined) {
        warn(`Invalid fingerprint (nickname '${word}', fingerprint ${rest.join('')}). Skipping.`);
        continue;
      }
      const rule = ruleWords[word.toLowerCase()];
      const rules = routers.#rules.get(key) ?? new Set<RuleName>();
      if (rule !== undefined) rules.add(rule);
      routers.#rules.set(key, rules);
    }
    return routers;
  }

  /** The rules for either identity of a relay. */
  rulesOf(rsaId: Uint8Array, ed25519Id: Uint8Array | undefined): ReadonlySet<RuleName> {
    const byRsa = this.#rules.get(base16Upper(rsaId));
    const byEd25519 = ed25519Id === undefined ? undefined : this.#rules.get(base64Unpadded(ed25519Id));
    return new Set([...(byRsa ?? []), ...(byEd25519 ?? [])]);
  }
}

function keyOf(text: string): string | undefined {
  if (/^[0-9A-Fa-f]{40}$/.test(text)) return text.toUpperCase();
  if (!/^[A-Za-z0-9+/]{43}$/.test(text)) return undefined;
  const key = fromBase64(text);
  return isValidEd25519PublicKey(key) ? base64Unpadded(key) : undefined;
}
