import { isIP } from 'node:net';

export interface ResolvConf {
  /** Addresses, with a port where the file gives one, as C tor's resolver takes it. */
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  /** Names with at least so many dots are tried as they stand first. */
  readonly ndots: number;
}

/** Reads what matters of resolv.conf(5); lines that cannot be read are skipped. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let searchDomains: string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...args] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    const [first] = args;
    if (keyword === 'nameserver' && first !== undefined && isServer(first)) {
      nameservers.push(first);
    } else if (keyword === 'search' || (keyword === 'domain' && first !== undefined)) {
      searchDomains = args.map((domain) => domain.replace(/^\.+|\.+$/g, '').toLowerCase()).filter((one) => one !== '');
    } else if (keyword === 'options') {
      for (const option of args) {
        const match = /^ndots:(\d{1,2})$/.exec(option);
        if (match !== null) ndots = Number(match[1]);
      }
    }
  }
  return { nameservers, searchDomains, ndots };
}

/** `address`, `IPv4:port` or `[IPv6]:port`. */
function isServer(text: string): boolean {
  const [, six, four] = /^\[([^\]]+)\](?::\d{1,5})?$|^([^:]+):\d{1,5}$/.exec(text) ?? [];
  return isIP((six ?? four ?? text).replace(/%.*$/, '')) !== 0;
}

/** The names to ask for, in order. */
export function searchNames(name: string, { searchDomains, ndots }: ResolvConf): string[] {
  if (name.endsWith('.')) return [name];
  const longer = searchDomains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...longer] : [...longer, name];
}
