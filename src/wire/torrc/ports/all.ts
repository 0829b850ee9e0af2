import { bytesEqual } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { formatIpHost } from '../../../base/ip/index.ts';
import type { TorOptions } from '../options.ts';
import type { OptionName } from '../table/index.ts';
import { parseAddressPort, parsePort } from './address.ts';
import { type PortContext, type PortRules, parsePortLines } from './parse.ts';
import { defaultEntryFlags, defaultServerFlags, type PortConfig } from './types.ts';

const loopback = Uint8Array.of(127, 0, 0, 1);
const anyIpv4 = new Uint8Array(4);
const anyIpv6 = new Uint8Array(16);

/** Every port the options ask for. Throws TORRC_VALUE; what is odd but allowed goes to `context.report`. */
export function parsePorts(options: TorOptions, context: PortContext): PortConfig[] {
  const read = (lines: OptionName, rules: Omit<PortRules, 'defaultIp' | 'defaultPort'> & Partial<PortRules>) =>
    parsePortLines(options.lines(lines), { defaultIp: loopback, defaultPort: 0, ...rules }, context);
  const groupWritableByDefault = options.get('UnixSocksGroupWritable');
  const entry = { flags: 'entry', nonLocal: 'warn' } as const;
  const named = { ...entry, takesHostnames: true, groupWritableByDefault };
  const socks = { kind: 'socks', name: 'Socks', option: 'SocksPort', defaultPort: 9050, unixAllowed: true } as const;
  const tunnel = { kind: 'http-tunnel', name: 'HTTP Tunnel', option: 'HTTPTunnelPort' } as const;
  return [
    ...read('SocksPortLines', { ...named, ...socks }),
    ...read('DNSPortLines', { ...entry, takesHostnames: true, kind: 'dns', name: 'DNS', option: 'DNSPort' }),
    ...read('TransPortLines', { ...entry, kind: 'trans', name: 'Trans', option: 'TransPort' }),
    ...read('NATDPortLines', { ...entry, kind: 'natd', name: 'NATD', option: 'NATDPort' }),
    ...read('HTTPTunnelPortLines', { ...named, ...tunnel }),
    ...metricsPorts(options),
    ...controlPorts(options, read),
    ...(options.get('ClientOnly') ? [] : relayPorts(options, context, read)),
  ];
}

type Read = (
  lines: OptionName,
  rules: Omit<PortRules, 'defaultIp' | 'defaultPort'> & Partial<PortRules>,
) => PortConfig[];

function controlPorts(options: TorOptions, read: Read): PortConfig[] {
  const guarded =
    options.lines('HashedControlPassword').length > 0 ||
    options.lines('__HashedControlSessionPassword').length > 0 ||
    options.get('CookieAuthentication');
  const rules = {
    kind: 'control',
    flags: 'control',
    nonLocal: guarded ? 'warn' : 'forbid',
    groupWritableByDefault: options.get('ControlSocketsGroupWritable'),
    unixAllowed: true,
  } as const;
  return [
    ...read('ControlPortLines', { ...rules, name: 'Control', option: 'ControlPort' }),
    ...read('ControlSocket', { ...rules, name: 'ControlSocket', option: 'ControlSocket', unixOnly: true }),
  ];
}

/** Only the first line counts, and it takes no flags but a format. */
function metricsPorts(options: TorOptions): PortConfig[] {
  const [line] = options.lines('MetricsPortLines');
  if (line === undefined) return [];
  const [address, ...format] = line.split(' ').filter((word) => word !== '');
  if (address === undefined) throw invalid('MetricsPort', 'MetricsPort is missing port.');
  if (format.length > 0 && format.join(' ').toLowerCase() !== 'prometheus') {
    throw invalid('MetricsPort', `MetricsPort unknown format: ${format.join(' ')}`);
  }
  const port = parsePort(address, 0);
  const target = port !== undefined ? { ip: loopback, port } : parseAddressPort(address);
  if (target === undefined) {
    throw invalid('MetricsPort', 'MetricsPort address/port failed to parse or resolve.');
  }
  if (target.port === 0) return [];
  return [plainPort('metrics', target, port === undefined)];
}

function plainPort(kind: PortConfig['kind'], at: { ip: Uint8Array; port: number }, explicit: boolean): PortConfig {
  return {
    kind,
    listen: { kind: 'tcp', ...at, explicit },
    groupWritable: false,
    worldWritable: false,
    relaxDirModeCheck: false,
    entry: defaultEntryFlags,
    server: defaultServerFlags,
  };
}

function relayPorts(options: TorOptions, context: PortContext, read: Read): PortConfig[] {
  const or = { kind: 'or', name: 'OR', option: 'ORPort', flags: 'server' } as const;
  const extOr = { kind: 'ext-or', name: 'ExtOR', option: 'ExtORPort', flags: 'server', nonLocal: 'warn' } as const;
  const quiet: Read = (lines, rules) =>
    parsePortLines(
      options.lines(lines),
      { defaultPort: 0, defaultIp: anyIpv6, ...rules },
      { ...context, report: () => undefined },
    );
  const ports = [
    ...read('ORPortLines', { ...or, defaultIp: anyIpv4 }),
    // The same lines again: a port without an address is opened for IPv6 too.
    ...quiet('ORPortLines', or),
    ...read('ExtORPortLines', extOr),
    ...read('DirPortLines', { kind: 'dir', name: 'Dir', option: 'DirPort', flags: 'server', defaultIp: anyIpv4 }),
  ];
  const kept = dropSuperseded(ports, context);
  checkServerPorts(kept, options, context);
  return kept;
}

/** Of two ORPorts with the same number, one without an address gives way to the one that has it. */
function dropSuperseded(ports: readonly PortConfig[], context: PortContext): PortConfig[] {
  const dropped = new Set<PortConfig>();
  for (const current of ports) {
    if (current.kind !== 'or' || dropped.has(current)) continue;
    for (const other of ports) {
      if (other === current || other.kind !== 'or' || dropped.has(other)) continue;
      const verdict = compareOrPorts(current, other);
      if (verdict === 'different') continue;
      dropped.add(other);
      if (verdict === 'same') continue;
      const message = `Configuration port ${describe(other)} superseded by ${describe(current)}`;
      context.report({ severity: 'warn', message });
    }
  }
  return ports.filter((port) => !dropped.has(port));
}

function compareOrPorts(current: PortConfig, other: PortConfig): 'same' | 'superseded' | 'different' {
  const a = current.listen;
  const b = other.listen;
  if (a.kind !== 'tcp' || b.kind !== 'tcp') return 'different';
  const sameAddress = bytesEqual(a.ip, b.ip);
  const sameFlags = JSON.stringify(current.server) === JSON.stringify(other.server);
  if (sameAddress && a.port === b.port && a.explicit === b.explicit && sameFlags) return 'same';
  if (a.ip.length !== b.ip.length || a.port !== b.port) return 'different';
  if (!sameAddress && a.explicit && b.explicit) return 'different';
  return !a.explicit && b.explicit ? 'different' : 'superseded';
}

function describe(port: PortConfig): string {
  const { listen } = port;
  if (listen.kind !== 'tcp') return 'ORPort';
  return `ORPort ${listen.explicit ? `${formatIpHost(listen.ip)}:` : ''}${listen.port}`;
}

function checkServerPorts(ports: readonly PortConfig[], options: TorOptions, context: PortContext): void {
  const count = (kind: PortConfig['kind'], test: (port: PortConfig) => boolean): number =>
    ports.filter((port) => port.kind === kind && test(port)).length;
  const advertised = (port: PortConfig): boolean => !port.server.noAdvertise;
  const listening = (port: PortConfig): boolean => !port.server.noListen;
  const ipv4 = (port: PortConfig): boolean => port.listen.kind === 'tcp' && port.listen.ip.length === 4;
  const bridge = options.get('BridgeRelay');
  const problems: string[] = [];
  if (count('or', advertised) > 0 && count('or', listening) === 0) {
    problems.push('We are advertising an ORPort, but not actually listening on one.');
  }
  if (count('or', listening) > 0 && count('or', advertised) === 0) {
    problems.push(
      'We are listening on an ORPort, but not advertising any ORPorts. This will keep us from building a ' +
        `${bridge ? 'bridge' : 'router'} descriptor, and make us impossible to use.`,
    );
  }
  if (count('dir', advertised) > 0 && count('dir', listening) === 0) {
    problems.push('We are advertising a DirPort, but not actually listening on one.');
  }
  if (count('dir', advertised) > 1) problems.push("Can't advertise more than one DirPort.");
  if (!bridge && count('or', advertised) > 0 && count('or', (port) => advertised(port) && ipv4(port)) === 0) {
    problems.push(
      'Configured public relay to listen only on an IPv6 address. Tor needs to listen on an IPv4 address too.',
    );
  }
  if (count('dir', advertised) > 0 && count('dir', (port) => listening(port) && ipv4(port)) === 0) {
    problems.push(
      'We are listening on a non-IPv4 DirPort. This is not allowed. Consider either setting an IPv4 address or simply ' +
        'removing it because it is not used anymore.',
    );
  }
  for (const message of problems) context.report({ severity: 'warn', message });
  if (problems.length > 0) throw invalid('ORPort', 'Misconfigured server ports');
}

function invalid(option: OptionName, message: string): TorError {
  return new TorError('TORRC_VALUE', message, { facts: { option } });
}

/** Ports of one kind that are really opened. */
export function listeningPorts(ports: readonly PortConfig[], kind: PortConfig['kind']): PortConfig[] {
  return ports.filter((port) => port.kind === kind && !port.server.noListen);
}

/** True when the options make this node a relay. */
export function isRelay(ports: readonly PortConfig[]): boolean {
  return listeningPorts(ports, 'or').some((port) => port.listen.kind === 'tcp');
}
