import { TorError } from '../../base/errors/index.ts';
import { formatIp, type IpBytes, isInternalIp, parseIp } from '../../base/ip/index.ts';
import { scrub } from '../../base/log/index.ts';
import { BeginFlag, EndReason } from '../../wire/relaymsg/index.ts';
import { LocalEndReason, type ProxyRequest } from '../../wire/socks/index.ts';
import type { EntryPortFlags } from '../../wire/torrc/index.ts';
import type { AddressMap, MappingSource } from './address-map.ts';
import type { ClientConfig } from './config.ts';
import type { NamedAddress, NameLookup } from './network.ts';

/** What an application asks for, whichever way it asks. */
export interface ClientRequest {
  readonly command: ProxyRequest['command'];
  readonly address: string;
  readonly port: number;
  /** SOCKS 4 cannot name IPv6 addresses. */
  readonly ipv4Only: boolean;
}

/** What is done about it. */
export type Destination =
  | {
      readonly kind: 'exit';
      readonly host: string;
      readonly port: number;
      /** `BeginFlag`s. */
      readonly flags: number;
      /** The exit that MapAddress or TrackHostExits names. */
      readonly exit: string | undefined;
      readonly trackable: boolean;
    }
  | { readonly kind: 'onion'; readonly address: string; readonly port: number }
  | { readonly kind: 'resolve'; readonly name: string; readonly reverse: boolean }
  | { readonly kind: 'answer'; readonly ip: IpBytes }
  | {
      readonly kind: 'refused';
      /** An `EndReason` or `LocalEndReason`. */
      readonly reason: number;
      readonly message: string;
      readonly severity: 'notice' | 'warn';
      /** The address cannot be read: SOCKS reply F6, SOCKS_BAD_HOSTNAME. */
      readonly badHostname?: true;
      /** An onion address that cannot be right: SOCKS reply F6. */
      readonly badOnion?: true;
      /** The far end must not hear of it: a resolution that fails. */
      readonly resolveError?: true;
    };

const entryPolicy = LocalEndReason.ENTRY_POLICY;

const mapAddressSources: ReadonlySet<MappingSource> = new Set(['torrc', 'controller']);
const onionSuffix = '.onion';
const onionLabelLength = 56;

/** Decides where a request goes: mappings, onion services, forbidden places. spec: manual page; connection_edge.c */
export class DestinationChooser {
  readonly #map: AddressMap;
  readonly #names: NameLookup;
  #config: ClientConfig;

  constructor(deps: { readonly map: AddressMap; readonly names?: NameLookup | undefined }, config: ClientConfig) {
    this.#map = deps.map;
    this.#names = deps.names ?? (() => undefined);
    this.#config = config;
  }

  configure(config: ClientConfig): void {
    this.#config = config;
  }

  choose(request: ClientRequest, flags: EntryPortFlags): Destination {
    // C tor takes "x.onion." for a name of the DNS and tells it to an exit.
    const asked = request.address.toLowerCase().replace(/\.onion\.$/, onionSuffix);
    if (asked.endsWith('.exit')) {
      return refuse(EndReason.TORPROTOCOL, 'The  ".exit" notation is disabled in Tor due to security risks.', {
        badHostname: true,
      });
    }
    if (request.command === 'resolve-ptr') return this.#reverse(asked, flags);
    const named = this.#named(asked);
    if (typeof named !== 'string') return named;
    const mapped = this.#map.rewrite(named, mapAddressSources);
    const automapped = this.#automap(request, mapped.address, flags);
    if (automapped !== undefined) return automapped;
    const second = this.#map.rewrite(mapped.address, followedSources(flags));
    const address = second.address;
    if (this.#map.isVirtual(address)) {
      return refuse(EndReason.INTERNAL, `Missing mapping for virtual address '${scrub(address)}'. Refusing.`);
    }
    const exitSource = mapped.exitSource ?? second.exitSource;
    return this.#place(request, address, exitSource, flags);
  }

  /** The onion address behind a petname; other host names as they are. A name that is not known is never guessed. */
  #named(host: string): string | Destination {
    const found = this.#lookUp(host);
    if (found === undefined) return host;
    if (typeof found === 'string') return refuse(EndReason.TORPROTOCOL, found, { badHostname: true });
    if (found.kind === 'address') return `${found.address}${onionSuffix}`;
    const hint = found.nearest === undefined ? '' : ` There is "${found.nearest}"; is that whom you mean?`;
    return refuse(
      EndReason.TORPROTOCOL,
      `"${found.name}" is no name in your address book. Add it with: tropea name add${hint}`,
      { badHostname: true },
    );
  }

  #lookUp(host: string): NamedAddress | string | undefined {
    try {
      return this.#names(host);
    } catch (error) {
      return TorError.from(error).message;
    }
  }

  /** A name that ends as AutomapHostsSuffixes says is answered at once with an address that stands for it. */
  #automap(request: ClientRequest, address: string, flags: EntryPortFlags): Destination | undefined {
    const config = this.#config;
    if (request.command !== 'resolve' || !config.automapHostsOnResolve || parseIp(address) !== undefined)
      return undefined;
    if (!shouldAutomap(address, config.automapHostsSuffixes)) return undefined;
    const wantsIpv6 =
      !request.ipv4Only && (!flags.ipv4Traffic || (flags.ipv6Traffic && flags.preferIpv6) || flags.preferIpv6Automap);
    const virtual = this.#map.virtualAddress(address, wantsIpv6 ? 'ipv6' : 'ipv4');
    const ip = virtual === undefined ? undefined : parseIp(virtual);
    if (ip === undefined) return refuse(EndReason.INTERNAL, `Unable to automap address ${scrub(address)}`);
    return { kind: 'answer', ip };
  }

  #reverse(address: string, flags: EntryPortFlags): Destination {
    const ip = parseIp(address) ?? parsePtrName(address);
    if (ip !== undefined && this.#config.dnsRejectInternalAddresses && isInternalIp(ip)) {
      return refuse(LocalEndReason.SOCKS_PROTOCOL, 'Refusing a reverse look-up of an internal address.', {
        resolveError: true,
      });
    }
    if (!flags.dnsRequest && !flags.ipv4Traffic && !flags.ipv6Traffic) return this.#onionOnly(address);
    return { kind: 'resolve', name: ip === undefined ? address : formatIp(ip), reverse: true };
  }

  #place(
    request: ClientRequest,
    address: string,
    exitSource: MappingSource | undefined,
    flags: EntryPortFlags,
  ): Destination {
    if (address.endsWith(onionSuffix)) return this.#onion(request, address, flags);
    if (address.endsWith('.exit')) return this.#viaExit(request, address, exitSource, flags);
    return this.#clearNet(request, address, undefined, flags);
  }

  /** The last label before `.onion` is the service; labels before it are the service's business. */
  #onion(request: ClientRequest, address: string, flags: EntryPortFlags): Destination {
    const labels = address.slice(0, -onionSuffix.length).split('.');
    const label = labels.at(-1) ?? '';
    const emptySubdomain = labels.length === 2 && labels[0] === '';
    if (emptySubdomain || label.length !== onionLabelLength || !/^[a-z2-7]+$/.test(label)) {
      return refuse(EndReason.TORPROTOCOL, `Invalid onion hostname ${scrub(address)}; rejecting`, {
        badHostname: true,
        badOnion: true,
      });
    }
    if (!flags.onionTraffic) {
      return refuse(entryPolicy, `Onion address ${scrub(address)} requested from a port with .onion disabled`);
    }
    if (request.command !== 'connect') {
      return refuse(LocalEndReason.SOCKS_PROTOCOL, 'Resolve requests to hidden services not allowed. Failing.', {
        resolveError: true,
      });
    }
    return { kind: 'onion', address: label, port: request.port };
  }

  /** `host.exitname.exit`, which only MapAddress and TrackHostExits make. */
  #viaExit(
    request: ClientRequest,
    address: string,
    source: MappingSource | undefined,
    flags: EntryPortFlags,
  ): Destination {
    const bare = address.slice(0, -'.exit'.length);
    const dot = bare.lastIndexOf('.');
    const exit = bare.slice(dot + 1);
    if (source === undefined || source === 'dns' || source === 'automap' || dot <= 0 || exit === '') {
      return refuse(EndReason.TORPROTOCOL, `Malformed exit address '${scrub(address)}'. Refusing.`, {
        badHostname: true,
      });
    }
    return this.#clearNet(request, bare.slice(0, dot), exit, flags);
  }

  #clearNet(request: ClientRequest, address: string, exit: string | undefined, flags: EntryPortFlags): Destination {
    const ip = parseIp(address);
    if (ip === undefined && !this.#config.allowNonRfc953Hostnames && !/^[A-Za-z0-9._-]*$/.test(address)) {
      const message = `Destination '${scrub(address)}' seems to be an invalid hostname. Failing.`;
      return refuse(EndReason.TORPROTOCOL, message, { badHostname: true });
    }
    const forbidden = this.#forbiddenByPort(address, ip, flags);
    if (forbidden !== undefined) return refuse(entryPolicy, forbidden);
    if (request.command === 'resolve') {
      return ip === undefined ? { kind: 'resolve', name: address, reverse: false } : { kind: 'answer', ip };
    }
    return this.#connect(request, address, ip, exit, flags);
  }

  #forbiddenByPort(address: string, ip: IpBytes | undefined, flags: EntryPortFlags): string | undefined {
    if (!flags.dnsRequest && !flags.ipv4Traffic && !flags.ipv6Traffic) {
      return (
        `Refusing to connect to non-hidden-service hostname or IP address ${scrub(address)} because Port has ` +
        'OnionTrafficOnly set (or NoDNSRequest, NoIPv4Traffic, and NoIPv6Traffic).'
      );
    }
    const because = (flag: string, what: string): string =>
      `Refusing to connect to ${what} ${scrub(address)} because Port has ${flag} set.`;
    if (ip === undefined) return flags.dnsRequest ? undefined : because('NoDNSRequest', 'hostname');
    if (ip.length === 4) return flags.ipv4Traffic ? undefined : because('NoIPv4Traffic', 'IPv4 address');
    return flags.ipv6Traffic ? undefined : because('NoIPv6Traffic', 'IPv6 address');
  }

  #onionOnly(address: string): Destination {
    return refuse(entryPolicy, `Refusing to resolve ${scrub(address)} because Port has OnionTrafficOnly set.`);
  }

  #connect(
    request: ClientRequest,
    address: string,
    ip: IpBytes | undefined,
    exit: string | undefined,
    flags: EntryPortFlags,
  ): Destination {
    const config = this.#config;
    if (request.port === 0) {
      return refuse(EndReason.TORPROTOCOL, 'Application asked to connect to port 0. Refusing.', {}, 'notice');
    }
    if (config.rejectInternalAddresses && exit === undefined && isLocal(address, ip)) {
      const message = `Rejecting SOCKS request for anonymous connection to private address ${scrub(address)}.`;
      return refuse(LocalEndReason.PRIVATE_ADDR, message);
    }
    if (request.ipv4Only && ip?.length === 16) {
      return refuse(entryPolicy, 'Rejecting SOCKS4 request for an IPv6 address.');
    }
    if (request.ipv4Only && ip !== undefined && !flags.ipv4Traffic) {
      return refuse(entryPolicy, 'Rejecting SOCKS4 request on a listener with no IPv4 traffic supported.');
    }
    return {
      kind: 'exit',
      host: ip === undefined ? address : formatIp(ip),
      port: request.port,
      flags: beginFlags(ip, request.ipv4Only, flags),
      exit,
      trackable: exit === undefined && isTracked(address, config.trackHostExits),
    };
  }
}

type Notes = { badHostname?: true; badOnion?: true; resolveError?: true };

function refuse(reason: number, message: string, notes: Notes = {}, severity: 'notice' | 'warn' = 'warn'): Destination {
  return { kind: 'refused', reason, message, severity, ...notes };
}

function followedSources(flags: EntryPortFlags): ReadonlySet<MappingSource> {
  const cached = flags.useIpv4Cache || flags.useIpv6Cache;
  return new Set<MappingSource>(['automap', 'track-exit', ...(cached ? (['dns'] as const) : [])]);
}

function isLocal(address: string, ip: IpBytes | undefined): boolean {
  if (ip !== undefined) return isInternalIp(ip);
  return address === 'localhost' || address === 'local' || address.endsWith('.local');
}

/** What the exit may connect to. An IP address settles the family; a name leaves it to the port's flags. */
function beginFlags(ip: IpBytes | undefined, ipv4Only: boolean, flags: EntryPortFlags): number {
  const ipv4 = flags.ipv4Traffic && ip?.length !== 16;
  const ipv6 = flags.ipv6Traffic && ip?.length !== 4 && !ipv4Only;
  if (ipv4 && !ipv6) return 0;
  const out = (ipv4 ? 0 : BeginFlag.IPV4_NOT_OK) | (ipv6 ? BeginFlag.IPV6_OK : 0);
  return out === BeginFlag.IPV6_OK && flags.preferIpv6 ? out | BeginFlag.IPV6_PREFERRED : out;
}

/** `AutomapHostsSuffixes`; a single dot stands for every name. */
export function shouldAutomap(address: string, suffixes: readonly string[]): boolean {
  return suffixes.some((suffix) => suffix === '.' || address.toLowerCase().endsWith(suffix.toLowerCase()));
}

/** `TrackHostExits`: a name, or a domain that begins with a dot; a single dot stands for every name. */
export function isTracked(address: string, patterns: readonly string[]): boolean {
  const name = address.toLowerCase();
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase();
    if (!wanted.startsWith('.')) return wanted === name;
    return wanted === '.' || name.endsWith(wanted) || name === wanted.slice(1);
  });
}

/** The address in `4.3.2.1.in-addr.arpa` or a nibble-wise `ip6.arpa` name. */
export function parsePtrName(name: string): IpBytes | undefined {
  const lower = name.toLowerCase().replace(/\.$/, '');
  const v4 = /^(\d{1,3}(?:\.\d{1,3}){3})\.in-addr\.arpa$/.exec(lower);
  if (v4 !== null) return parseIp((v4[1] as string).split('.').reverse().join('.'));
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(lower);
  if (v6 === null) return undefined;
  const digits = (v6[1] as string)
    .split('.')
    .filter((digit) => digit !== '')
    .reverse()
    .join('');
  return parseIp((digits.match(/.{4}/g) ?? []).join(':'));
}
