import { TorError } from '../../../base/errors/index.ts';
import { formatIpPort, type IpBytes, isInternalIp, isLoopbackIp } from '../../../base/ip/index.ts';
import type { ReportConfig } from '../options.ts';
import { quote } from '../quoting.ts';
import type { OptionName } from '../table/index.ts';
import { type HostLookup, parseAddressPort, parsePort, splitAddress } from './address.ts';
import { type ParsedFlags, parseFlags } from './flags.ts';
import { defaultEntryFlags, defaultServerFlags, type ListenAddress, type PortConfig, type PortKind } from './types.ts';

/** How the lines of one port option are read. */
export interface PortRules {
  readonly kind: PortKind;
  /** As C tor prints it: `Socks`, `HTTP Tunnel`. */
  readonly name: string;
  readonly option: OptionName;
  readonly defaultIp: IpBytes;
  /** The port when the option is not set; 0: none. */
  readonly defaultPort: number;
  readonly flags: 'entry' | 'control' | 'server';
  readonly takesHostnames?: boolean;
  readonly unixAllowed?: boolean;
  /** `ControlSocket`: every value is a path. */
  readonly unixOnly?: boolean;
  readonly groupWritableByDefault?: boolean;
  /** Warn of addresses that other machines reach; `forbid`: and do not open them. */
  readonly nonLocal?: 'warn' | 'forbid';
}

export interface PortContext {
  readonly report: ReportConfig;
  readonly lookup?: HostLookup;
}

/** Reads all lines of one option. Throws TORRC_VALUE after having reported what is wrong, as C tor does. */
export function parsePortLines(lines: readonly string[], rules: PortRules, context: PortContext): PortConfig[] {
  if (lines.length === 0) return defaultPorts(rules);
  const out: PortConfig[] = [];
  let zero = false;
  let nonzero = false;
  for (const line of lines) {
    const parsed = new PortLine(rules, context).parse(line);
    if (parsed === 'off') zero = true;
    else nonzero = true;
    if (typeof parsed === 'object') out.push(parsed);
  }
  const open = warnNonLocal(out, rules, context.report);
  if (zero && nonzero) {
    const n = rules.name;
    fail(
      rules,
      context,
      `You specified a nonzero ${n}Port along with '${n}Port 0' in the same configuration. Did you mean to disable ${n}Port or not?`,
    );
  }
  return open;
}

function defaultPorts(rules: PortRules): PortConfig[] {
  if (rules.defaultPort === 0) return [];
  return [
    {
      kind: rules.kind,
      listen: { kind: 'tcp', ip: rules.defaultIp, port: rules.defaultPort, explicit: false },
      groupWritable: false,
      worldWritable: false,
      relaxDirModeCheck: false,
      entry: defaultEntryFlags,
      server: defaultServerFlags,
    },
  ];
}

function fail(rules: PortRules, context: PortContext, message: string): never {
  context.report({ severity: 'warn', message });
  throw new TorError('TORRC_VALUE', `Invalid ${rules.option} configuration`, { facts: { option: rules.option } });
}

/** One line; `off` for port 0, `ignored` when a default address does not fit IPv4Only or IPv6Only. */
class PortLine {
  readonly #rules: PortRules;
  readonly #context: PortContext;

  constructor(rules: PortRules, context: PortContext) {
    this.#rules = rules;
    this.#context = context;
  }

  parse(line: string): PortConfig | 'off' | 'ignored' {
    const { name } = this.#rules;
    const part = splitAddress(line);
    if (part === undefined) this.#fail(`Invalid ${name}Port line with unparsable address`);
    if (part.text === '') this.#fail(`Invalid ${name}Port line with no address`);
    if (part.unix && this.#rules.unixAllowed !== true) this.#fail(`${name}Port does not support unix sockets`);
    const listen = part.unix || this.#rules.unixOnly === true ? this.#unixPath(part.text) : this.#tcp(part.text);
    const words = part.rest.split(/\s+/).filter((word) => word !== '');
    const flags = parseFlags(words, {
      portName: name,
      kind: this.#rules.flags,
      takesHostnames: this.#rules.takesHostnames === true,
      warn: (message) => this.#context.report({ severity: 'warn', message }),
      reject: (message) => this.#fail(message),
    });
    if (this.#rules.flags === 'server' && this.#serverFlagsMiss(flags, listen, line)) return 'ignored';
    this.#checkEntryFlags(flags, listen);
    return listen === 'off' ? 'off' : this.#config(listen, flags);
  }

  #fail(message: string): never {
    fail(this.#rules, this.#context, message);
  }

  #unixPath(path: string): ListenAddress | 'off' {
    return this.#rules.unixOnly === true && path === '0' ? 'off' : { kind: 'unix', path };
  }

  #tcp(text: string): ListenAddress | 'off' {
    const { name, defaultIp } = this.#rules;
    if (text.toLowerCase() === 'auto') return { kind: 'tcp', ip: defaultIp, port: 'auto', explicit: false };
    if (text.toLowerCase().endsWith(':auto')) {
      const host = parseAddressPort(text.slice(0, -':auto'.length), this.#context.lookup);
      if (host === undefined || host.port !== 0) this.#fail(`Invalid address '${quote(text)}' for ${name}Port`);
      return { kind: 'tcp', ip: host.ip, port: 'auto', explicit: true };
    }
    const bare = parsePort(text, 0);
    if (bare !== undefined) return bare === 0 ? 'off' : { kind: 'tcp', ip: defaultIp, port: bare, explicit: false };
    const target = parseAddressPort(text, this.#context.lookup);
    if (target === undefined) this.#fail(`Couldn't parse address ${quote(text)} for ${name}Port`);
    if (target.port === 0) this.#fail(`${name}Port line has address but no port`);
    return { kind: 'tcp', ip: target.ip, port: target.port, explicit: true };
  }

  #serverFlagsMiss({ server }: ParsedFlags, listen: ListenAddress | 'off', line: string): boolean {
    const { name } = this.#rules;
    const clash = (a: string, b: string): never =>
      this.#fail(`Tried to set both ${a} and ${b} on ${name}Port line '${quote(line)}'`);
    if (server.noAdvertise && server.noListen) clash('NoListen', 'NoAdvertise');
    if (server.ipv4Only && server.ipv6Only) clash('IPv4Only', 'IPv6Only');
    if (listen === 'off' || listen.kind !== 'tcp') return false;
    const misses = server.ipv4Only ? listen.ip.length !== 4 : server.ipv6Only && listen.ip.length !== 16;
    if (misses && listen.explicit) {
      this.#fail(`Could not interpret ${name}Port address as ${server.ipv4Only ? 'IPv4' : 'IPv6'}`);
    }
    return misses;
  }

  #checkEntryFlags({ entry, usedUnixOnly }: ParsedFlags, listen: ListenAddress | 'off'): void {
    const { name, kind } = this.#rules;
    const noIp = !entry.ipv4Traffic && !entry.ipv6Traffic;
    if (kind === 'dns' && !entry.dnsRequest) {
      this.#fail(`You have a ${name}Port entry with DNS disabled; that won't work.`);
    }
    if (kind !== 'dns' && noIp && !entry.onionTraffic) {
      this.#fail(`You have a ${name}Port entry with all of IPv4 and IPv6 and .onion disabled; that won't work.`);
    }
    if (kind !== 'dns' && noIp && entry.dnsRequest) {
      const reason = "with DNSRequest enabled, but IPv4 and IPv6 disabled; DNS-based sites won't work.";
      this.#fail(`You have a ${name}Port entry ${reason}`);
    }
    if (usedUnixOnly && (listen === 'off' || listen.kind !== 'unix')) {
      const flags = 'GroupWritable, WorldWritable, or RelaxDirModeCheck';
      this.#fail(`You have a ${name}Port entry with ${flags}, but it is not a unix socket.`);
    }
    if (!entry.isolateSocksAuth && entry.keepAliveIsolateSocksAuth) {
      this.#fail(`You have a ${name}Port entry with both NoIsolateSOCKSAuth and KeepAliveIsolateSOCKSAuth set.`);
    }
  }

  #config(listen: ListenAddress, flags: ParsedFlags): PortConfig {
    const isUnix = listen.kind === 'unix';
    const { entry } = flags;
    return {
      kind: this.#rules.kind,
      listen,
      groupWritable: flags.groupWritable ?? (isUnix && this.#rules.groupWritableByDefault === true),
      worldWritable: flags.worldWritable,
      relaxDirModeCheck: flags.relaxDirModeCheck,
      entry: {
        ...entry,
        // There is no client address to tell apart on a unix socket.
        isolateClientAddr: entry.isolateClientAddr && !isUnix,
        preferSocksNoAuth: entry.preferSocksNoAuth || !entry.isolateSocksAuth,
      },
      server: flags.server,
    };
  }
}

function warnNonLocal(ports: readonly PortConfig[], rules: PortRules, report: ReportConfig): PortConfig[] {
  if (rules.nonLocal === undefined) return [...ports];
  const out: PortConfig[] = [];
  for (const port of ports) {
    const { listen } = port;
    if (listen.kind === 'unix' || isLoopbackIp(listen.ip)) {
      out.push(port);
      continue;
    }
    if (rules.nonLocal !== 'forbid') out.push(port);
    const warning = nonLocalWarning(listen.ip, listen.port, rules);
    if (warning !== undefined) report(warning);
  }
  return out;
}

function nonLocalWarning(
  ip: IpBytes,
  port: number | 'auto',
  rules: PortRules,
): Parameters<ReportConfig>[0] | undefined {
  const where = port === 'auto' ? formatIpPort(ip, 0) : formatIpPort(ip, port);
  const isPublic = !isInternalIp(ip, { forListening: true });
  if (rules.kind === 'control') return { severity: 'warn', message: controlWarning(rules.nonLocal === 'forbid') };
  if (rules.kind === 'ext-or') {
    const advice =
      'This is not advised; this address is supposed to only be exposed on localhost so that your pluggable transport proxies can connect to it.';
    if (!isPublic) return undefined;
    return { severity: 'warn', message: `You specified a public address '${where}' for ${rules.name}Port. ${advice}` };
  }
  if (isPublic) {
    const advice =
      "Other people on the Internet might find your computer and use it as an open proxy. Please don't allow this unless you have a good reason.";
    return { severity: 'warn', message: `You specified a public address '${where}' for ${rules.name}Port. ${advice}` };
  }
  const advice =
    'This allows everybody on your local network to use your machine as a proxy. Make sure this is what you wanted.';
  const message = `You configured a non-loopback address '${where}' for ${rules.name}Port. ${advice}`;
  return { severity: 'notice', message };
}

function controlWarning(closed: boolean): string {
  if (closed) {
    return (
      'You have a ControlPort set to accept unauthenticated connections from a non-local address.  This means that ' +
      "programs not running on your computer can reconfigure your Tor, without even having to guess a password.  That's " +
      "so bad that I'm closing your ControlPort for you.  If you need to control your Tor remotely, try enabling " +
      'authentication and using a tool like stunnel or ssh to encrypt remote access.'
    );
  }
  return (
    'You have a ControlPort set to accept connections from a non-local address.  This means that programs not running ' +
    "on your computer can reconfigure your Tor.  That's pretty bad, since the controller protocol isn't encrypted!  " +
    'Maybe you should just listen on 127.0.0.1 and use a tool like stunnel or ssh to encrypt remote connections to ' +
    'your control port.'
  );
}
