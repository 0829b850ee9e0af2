import { quote } from '../quoting.ts';
import { defaultEntryFlags, defaultServerFlags, type EntryPortFlags, type ServerPortFlags } from './types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface ParsedFlags {
  readonly entry: EntryPortFlags;
  readonly server: ServerPortFlags;
  readonly groupWritable: boolean | undefined;
  readonly worldWritable: boolean;
  readonly relaxDirModeCheck: boolean;
  readonly usedUnixOnly: boolean;
}

export interface FlagRules {
  /** As C tor prints it: `Socks`, `HTTP Tunnel`. */
  readonly portName: string;
  readonly kind: 'entry' | 'control' | 'server';
  readonly takesHostnames: boolean;
  readonly warn: (message: string) => void;
  /** Throws. */
  readonly reject: (message: string) => never;
}

const cacheWarning =
  'Client-side DNS caching enables a wide variety of route-capture attacks. If a single bad exit node lies to you ' +
  "about an IP address, caching that address would make you visit an address of the attacker's choice every time " +
  'you connected to your destination.';

type BooleanFlag = { [K in keyof EntryPortFlags]: EntryPortFlags[K] extends boolean ? K : never }[keyof EntryPortFlags];

const traffic: Readonly<Record<string, BooleanFlag>> = {
  ipv4traffic: 'ipv4Traffic',
  ipv6traffic: 'ipv6Traffic',
  preferipv6: 'preferIpv6',
  dnsrequest: 'dnsRequest',
  oniontraffic: 'onionTraffic',
};
const caching: Readonly<Record<string, readonly BooleanFlag[]>> = {
  cacheipv4dns: ['cacheIpv4Dns'],
  cacheipv6dns: ['cacheIpv6Dns'],
  cachedns: ['cacheIpv4Dns', 'cacheIpv6Dns'],
  useipv4cache: ['useIpv4Cache'],
  useipv6cache: ['useIpv6Cache'],
  usednscache: ['useIpv4Cache', 'useIpv6Cache'],
};
const plain: Readonly<Record<string, BooleanFlag>> = {
  preferipv6automap: 'preferIpv6Automap',
  prefersocksnoauth: 'preferSocksNoAuth',
  keepaliveisolatesocksauth: 'keepAliveIsolateSocksAuth',
  extendederrors: 'extendedErrors',
};
const isolation: Readonly<Record<string, BooleanFlag>> = {
  isolatedestport: 'isolateDestPort',
  isolatedestaddr: 'isolateDestAddr',
  isolatesocksauth: 'isolateSocksAuth',
  isolateclientprotocol: 'isolateClientProtocol',
  isolateclientaddr: 'isolateClientAddr',
};
const serverFlags: Readonly<Record<string, keyof ServerPortFlags>> = {
  noadvertise: 'noAdvertise',
  nolisten: 'noListen',
  ipv4only: 'ipv4Only',
  ipv6only: 'ipv6Only',
};

/** Reads the words after the address of a port line. */
export function parseFlags(words: readonly string[], rules: FlagRules): ParsedFlags {
  const state = new FlagReader(rules);
  for (const word of words) {
    if (rules.kind === 'server') state.serverWord(word);
    else state.word(word);
  }
  return state.result();
}

class FlagReader {
  readonly #rules: FlagRules;
  readonly #entry: Mutable<EntryPortFlags> = { ...defaultEntryFlags };
  readonly #server: Mutable<ServerPortFlags> = { ...defaultServerFlags };
  #groupWritable: boolean | undefined;
  #worldWritable = false;
  #relaxDirModeCheck = false;
  #usedUnixOnly = false;

  constructor(rules: FlagRules) {
    this.#rules = rules;
  }

  serverWord(word: string): void {
    const flag = serverFlags[word.toLowerCase()];
    if (flag === undefined) this.#unrecognized(word);
    else this.#server[flag] = true;
  }

  word(word: string): void {
    const no = /^no/i.test(word);
    const bare = no ? word.slice(2) : word;
    const name = bare.toLowerCase();
    const flag = plain[name] ?? isolation[name] ?? isolation[name.replace(/s$/, '')];
    if (/^sessiongroup=/i.test(word)) this.#sessionGroup(word);
    else if (this.#unixOnly(name, !no)) this.#usedUnixOnly = true;
    else if (this.#rules.kind === 'control') this.#unrecognized(word);
    else if (this.#rules.takesHostnames && this.#traffic(name, word, no)) return;
    else if (caching[name] !== undefined) this.#caching(bare, caching[name], no);
    else if (flag !== undefined) this.#entry[flag] = !no;
    else this.#unrecognized(word);
  }

  result(): ParsedFlags {
    return {
      entry: this.#entry,
      server: this.#server,
      groupWritable: this.#groupWritable,
      worldWritable: this.#worldWritable,
      relaxDirModeCheck: this.#relaxDirModeCheck,
      usedUnixOnly: this.#usedUnixOnly,
    };
  }

  #unrecognized(word: string): void {
    this.#rules.warn(`Unrecognized ${this.#rules.portName}Port option '${quote(word)}'`);
  }

  #sessionGroup(word: string): void {
    const { portName, kind, reject } = this.#rules;
    const digits = word.slice('SessionGroup='.length);
    const group = /^\s*\+?[0-9]{1,10}$/.test(digits) ? Number(digits) : Number.NaN;
    if (!(group <= 0x7fffffff) || kind === 'control') reject(`Invalid ${portName}Port option '${quote(word)}'`);
    if (this.#entry.sessionGroup !== undefined) reject(`Multiple SessionGroup options on ${portName}Port`);
    this.#entry.sessionGroup = group;
  }

  #unixOnly(name: string, value: boolean): boolean {
    if (name === 'groupwritable') this.#groupWritable = value;
    else if (name === 'worldwritable') this.#worldWritable = value;
    else if (name === 'relaxdirmodecheck') this.#relaxDirModeCheck = value;
    else return false;
    return true;
  }

  #traffic(name: string, word: string, no: boolean): boolean {
    const flag = traffic[name];
    if (flag !== undefined) {
      this.#entry[flag] = !no;
      return true;
    }
    if (name !== 'oniontrafficonly') return false;
    if (no) {
      const { portName, warn } = this.#rules;
      const unsupported = `Unsupported ${portName}Port option 'No${quote(word.slice(2))}'.`;
      warn(`${unsupported} Use DNSRequest, IPv4Traffic, and/or IPv6Traffic instead.`);
    } else {
      this.#entry.ipv4Traffic = false;
      this.#entry.ipv6Traffic = false;
      this.#entry.dnsRequest = false;
    }
    return true;
  }

  #caching(word: string, flags: readonly BooleanFlag[], no: boolean): void {
    if (!no) {
      this.#rules.warn(
        `The ${word} option is deprecated, and will most likely be removed in a future version of Tor. ` +
          `${cacheWarning} (If you think this is a mistake, please let us know!)`,
      );
    }
    for (const flag of flags) this.#entry[flag] = !no;
  }
}
