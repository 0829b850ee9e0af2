import { Resolver } from 'node:dns';
import { readFileSync } from 'node:fs';
import { type IpBytes, parseIp } from '../../../base/ip/index.ts';
import { parseResolvConf, type ResolvConf, searchNames } from './resolv-conf.ts';
import type { DnsBackend, DnsError, DnsOutcome } from './types.ts';

export interface SystemDnsOptions {
  /** How long one try may take; `exit_dns_timeout`. */
  readonly timeoutMs: number;
  /** `exit_dns_num_attempts`. */
  readonly attempts: number;
  /** Undefined: the system's. */
  readonly resolvConfFile: string | undefined;
  readonly searchDomains: boolean;
}

const systemFile = '/etc/resolv.conf';
/** The longest name a RESOLVED answer carries. */
const maxHostnameLength = 255;

/** The name servers this machine is configured for. Like C tor's exits it never looks into the hosts file. */
export class SystemDns implements DnsBackend {
  readonly #resolver: Resolver;
  readonly #search: ResolvConf | undefined;

  constructor({ timeoutMs, attempts, resolvConfFile, searchDomains }: SystemDnsOptions) {
    // Whole seconds, at least one, as C tor.
    const wholeMs = Math.max(1000, Math.floor(timeoutMs / 1000) * 1000);
    this.#resolver = new Resolver({ timeout: wholeMs, tries: Math.max(1, attempts) });
    const conf = resolvConfFile !== undefined || searchDomains ? readConf(resolvConfFile ?? systemFile) : undefined;
    if (resolvConfFile !== undefined) {
      const servers = conf?.nameservers ?? [];
      this.#resolver.setServers(servers.length > 0 ? servers : ['127.0.0.1']);
    }
    this.#search = searchDomains ? conf : undefined;
  }

  async lookup(name: string, family: 4 | 6): Promise<DnsOutcome<readonly IpBytes[]>> {
    const names = this.#search === undefined ? [name] : searchNames(name, this.#search);
    let outcome: DnsOutcome<readonly IpBytes[]> = failure('notexist');
    for (const candidate of names) {
      outcome = await this.#lookupOne(candidate, family);
      if (outcome.ok || (outcome.error !== 'notexist' && outcome.error !== 'nodata')) break;
    }
    return outcome;
  }

  #lookupOne(name: string, family: 4 | 6): Promise<DnsOutcome<readonly IpBytes[]>> {
    return new Promise((resolve) => {
      const done = (
        error: NodeJS.ErrnoException | null,
        records?: readonly { readonly address: string; readonly ttl: number }[],
      ): void => {
        const addresses = (records ?? []).flatMap(({ address }) => parseIp(address) ?? []);
        if (error !== null) resolve(failure(errorOf(error.code)));
        else if (addresses.length === 0) resolve(failure('nodata'));
        else resolve({ ok: true, value: addresses, ttlSec: records?.[0]?.ttl ?? 0 });
      };
      try {
        if (family === 4) this.#resolver.resolve4(name, { ttl: true }, done);
        else this.#resolver.resolve6(name, { ttl: true }, done);
      } catch {
        resolve(failure('format'));
      }
    });
  }

  reverse(name: string): Promise<DnsOutcome<string>> {
    return new Promise((resolve) => {
      this.#resolver.resolvePtr(name, (error, names) => {
        const hostname = error === null ? names[0] : undefined;
        if (error !== null) resolve(failure(errorOf(error.code)));
        else if (hostname === undefined || hostname === '' || hostname.length > maxHostnameLength) {
          resolve(failure('nodata'));
        } else resolve({ ok: true, value: hostname, ttlSec: 0 });
      });
    });
  }

  close(): void {
    this.#resolver.cancel();
  }
}

function readConf(file: string): ResolvConf {
  try {
    return parseResolvConf(readFileSync(file, 'utf8'));
  } catch {
    return { nameservers: [], searchDomains: [], ndots: 1 };
  }
}

const failure = (error: DnsError): { readonly ok: false; readonly error: DnsError; readonly ttlSec: number } => ({
  ok: false,
  error,
  ttlSec: 0,
});

const errors: ReadonlyMap<string, DnsError> = new Map([
  ['ENODATA', 'nodata'],
  ['EFORMERR', 'format'],
  ['ESERVFAIL', 'serverfailed'],
  ['ENOTFOUND', 'notexist'],
  ['ENOTIMP', 'notimpl'],
  ['EREFUSED', 'refused'],
  ['EBADNAME', 'format'],
  ['ETIMEOUT', 'tor_timeout'],
  // No name server answers at all: C tor's resolver sees that as time running out.
  ['ECONNREFUSED', 'tor_timeout'],
  ['ECANCELLED', 'cancel'],
  ['EDESTRUCTION', 'shutdown'],
]);

const errorOf = (code: string | undefined): DnsError => errors.get(code ?? '') ?? 'unknown';
