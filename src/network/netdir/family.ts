import { parseRelayName } from './names.ts';

/** The relays one relay lists as its family: fingerprints in upper case, nicknames in lower case. */
export interface FamilyList {
  readonly fingerprints: ReadonlySet<string>;
  readonly nicknames: ReadonlySet<string>;
}

/** What a relay says of its family. spec: dir-spec 3.3 `family`, proposal 321 `family-ids` */
export interface RelayFamily {
  readonly list: FamilyList | undefined;
  /** Family ids that the authorities checked ("happy families"), such as `ed25519:…`. */
  readonly ids: readonly string[];
}

export const noFamily: RelayFamily = { list: undefined, ids: [] };

/** Parses a relay's list when somebody first asks for it: most of eight thousand are never asked. */
class LazyFamily implements RelayFamily {
  readonly ids: readonly string[];
  readonly #members: readonly string[];
  readonly #parse: (members: readonly string[]) => FamilyList | undefined;
  #list: FamilyList | undefined;

  constructor(
    members: readonly string[],
    ids: readonly string[],
    parse: (members: readonly string[]) => FamilyList | undefined,
  ) {
    this.#members = members;
    this.ids = ids;
    this.#parse = parse;
  }

  get list(): FamilyList | undefined {
    this.#list ??= this.#parse(this.#members);
    return this.#list;
  }
}

/** Parses `family` lines; members of one family usually have the same line, which is kept once. */
export class FamilyTable {
  readonly #lists = new Map<string, FamilyList>();
  readonly #parse = (members: readonly string[]): FamilyList | undefined => this.#list(members);

  of(members: readonly string[] | undefined, ids: readonly string[] | undefined): RelayFamily {
    if ((members === undefined || members.length === 0) && (ids === undefined || ids.length === 0)) return noFamily;
    return new LazyFamily(members ?? [], ids ?? [], this.#parse);
  }

  #list(members: readonly string[]): FamilyList | undefined {
    if (members.length === 0) return undefined;
    const key = members.join(' ');
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = parseMembers(members);
      this.#lists.set(key, list);
    }
    return list;
  }
}

function parseMembers(members: readonly string[]): FamilyList {
  const fingerprints = new Set<string>();
  const nicknames = new Set<string>();
  for (const member of members) {
    const name = parseRelayName(member);
    if (name?.kind === 'nickname') nicknames.add(name.nickname.toLowerCase());
    else if (name !== undefined) fingerprints.add(name.fingerprint);
  }
  return { fingerprints, nicknames };
}

/** Whom a family is asked about. */
export interface FamilyMember {
  readonly fingerprint: string;
  readonly nicknameLower: string;
  readonly family: RelayFamily;
}

const lists = (a: FamilyMember, b: FamilyMember): boolean => {
  const list = a.family.list;
  return list !== undefined && (list.fingerprints.has(b.fingerprint) || list.nicknames.has(b.nicknameLower));
};

/** True when each lists the other. */
export const listEachOther = (a: FamilyMember, b: FamilyMember): boolean =>
  a.family.list !== undefined && b.family.list !== undefined && lists(a, b) && lists(b, a);

/** True when both have an id in common. */
export function shareFamilyId(a: FamilyMember, b: FamilyMember): boolean {
  if (a.family.ids.length === 0 || b.family.ids.length === 0) return false;
  return a.family.ids.some((id) => b.family.ids.includes(id));
}
