import { parseIp } from '../../../base/ip/index.ts';
import { TorOptions } from '../options.ts';
import { parseAddressPort } from '../ports/index.ts';
import { quote } from '../quoting.ts';
import { parseRouterSet } from '../routerset.ts';
import { type OptionName, optionNames, optionSpec } from '../table/index.ts';
import type { Validation } from './validation.ts';

const maxBandwidth = 2 ** 31 - 1;

/** Rates must fit what a descriptor can say; exactly 2 GB is read as one byte less. */
export function capBandwidth(v: Validation, name: OptionName): void {
  const value = Number(v.get(name));
  if (value <= maxBandwidth) return;
  if (value > maxBandwidth + 1) v.reject(`${name} (${value - 1}) must be at most ${maxBandwidth}`);
  v.set(name, String(maxBandwidth));
}

export function checkControl(v: Validation): void {
  v.rejectIf(
    v.get('ControlSocketsGroupWritable') && !v.has('ControlSocket'),
    'Setting ControlSocketsGroupWritable without setting a ControlSocket makes no sense.',
  );
}

export function checkRelativePaths(v: Validation, absolute: (path: string) => string): void {
  let relative = false;
  const check = (name: string, path: string | undefined): void => {
    if (path === undefined || path === '' || path.startsWith('/') || path.startsWith('~') || path === '<default>')
      return;
    relative = true;
    const where = `Path for ${name} (${path}) is relative and will resolve to ${absolute(path)}.`;
    v.warn(`${where} Is this what you wanted?`);
  };
  for (const name of optionNames) {
    if (optionSpec(name).type === 'filename') check(name, v.options.assigned(name)[0]?.value);
  }
  for (const path of v.lines('HiddenServiceDir')) check('HiddenServiceDir', path);
  v.rejectIf(
    relative && v.get('RunAsDaemon'),
    'You have specified at least one relative path (see above) with the RunAsDaemon option. ' +
      'RunAsDaemon is not compatible with relative paths.',
  );
}

export function checkSomethingToDo(v: Validation): void {
  if (v.ports.length > 0 || v.hasOnionServices) return;
  v.warn(
    "SocksPort, TransPort, NATDPort, DNSPort, and ORPort are all undefined, and there aren't any hidden services " +
      "configured.  Tor will still run, but probably won't do anything.",
  );
}

/** Options this program knows and cannot serve. */
export function checkRefused(v: Validation): void {
  for (const name of optionNames) {
    const { refused } = optionSpec(name);
    if (refused === undefined || v.lines(name).every((line) => line === '0')) continue;
    v.reject(`${name} is not supported: ${refused}.`);
  }
}

/** Options that change nothing here; whoever sets one to something else than the default is told. */
export function checkInert(v: Validation): void {
  const defaults = TorOptions.defaults({ testing: v.options.testingDefaults });
  for (const name of optionNames) {
    const { inert } = optionSpec(name);
    if (inert === undefined || v.options.same(defaults, name)) continue;
    v.notice(`${name} has no effect: ${inert}.`);
  }
}

export function checkMiscellany(v: Validation): void {
  v.rejectIf(
    v.get('AssumeReachable') && v.get('AssumeReachableIPv6') === false,
    'Cannot set AssumeReachable 1 and AssumeReachableIPv6 0.',
  );
  const refill = v.get('TokenBucketRefillInterval');
  v.rejectIf(refill <= 0 || refill > 1000, 'TokenBucketRefillInterval must be between 1 and 1000 inclusive.');
  v.rejectIf(
    v.get('FetchDirInfoExtraEarly') && !v.get('FetchDirInfoEarly'),
    'FetchDirInfoExtraEarly requires that you also set FetchDirInfoEarly',
  );
  const limit = v.get('ConnLimit');
  v.rejectIf(limit <= 0, `ConnLimit must be greater than 0, but was set to ${limit}`);
  if (!['0', '1', 'relay'].includes((v.get('SafeLogging') ?? '0').toLowerCase())) {
    v.reject(`Unrecognized value '${quote(v.get('SafeLogging') ?? '')}' in SafeLogging`);
  }
  const heartbeat = v.get('HeartbeatPeriod');
  if (heartbeat !== 0 && heartbeat < 1800 && !v.get('TestingTorNetwork')) {
    v.warn('HeartbeatPeriod option is too short; raising to 1800 seconds.');
    v.set('HeartbeatPeriod', '1800');
  }
  v.rejectIf(v.get('KeepalivePeriod') < 1, 'KeepalivePeriod option must be positive.');
}

export function checkBandwidth(v: Validation): void {
  v.rejectIf(
    v.get('BandwidthRate') > v.get('BandwidthBurst'),
    'BandwidthBurst must be at least equal to BandwidthRate.',
  );
}

export function checkProxies(v: Validation): void {
  const proxies = ['HTTPProxy', 'HTTPSProxy', 'Socks4Proxy', 'Socks5Proxy'] as const;
  for (const name of proxies) {
    const text = v.get(name);
    if (text !== undefined && parseAddressPort(text, v.context.lookup) === undefined) {
      v.reject(`${name} failed to parse or resolve. Please fix.`);
    }
    if (!name.startsWith('HTTP')) continue;
    const authenticator = v.get(name === 'HTTPProxy' ? 'HTTPProxyAuthenticator' : 'HTTPSProxyAuthenticator');
    v.rejectIf((authenticator ?? '').length >= 512, `${name}Authenticator is too long (>= 512 chars).`);
  }
  checkTcpProxy(v);
  const exclusive = (['Socks4Proxy', 'Socks5Proxy', 'HTTPSProxy', 'TCPProxy'] as const).filter((name) => v.has(name));
  v.rejectIf(
    exclusive.length > 1,
    'You have configured more than one proxy type. (Socks4Proxy|Socks5Proxy|HTTPSProxy|TCPProxy)',
  );
  if (v.has('HTTPProxy') && exclusive.length === 0) {
    v.warn(
      'HTTPProxy configured, but no SOCKS proxy, HTTPS proxy, or any other TCP proxy configured. Watch out: this ' +
        'configuration will proxy unencrypted directory connections only.',
    );
  }
  checkProxyCredentials(v);
}

function checkTcpProxy(v: Validation): void {
  const line = v.get('TCPProxy');
  if (line === undefined) return;
  const [protocol, address] = line.split(' ').filter((word) => word !== '');
  if (address === undefined) v.reject('TCPProxy has no address/port. Please fix.');
  v.rejectIf(
    protocol?.toLowerCase() !== 'haproxy',
    "TCPProxy protocol is not supported. Currently the only supported protocol is 'haproxy'. Please fix.",
  );
  v.rejectIf(
    parseAddressPort(address, v.context.lookup) === undefined,
    'TCPProxy address/port failed to parse or resolve. Please fix.',
  );
}

function checkProxyCredentials(v: Validation): void {
  const username = v.get('Socks5ProxyUsername');
  const password = v.get('Socks5ProxyPassword');
  const tooLong = (text: string): boolean => text.length < 1 || Buffer.byteLength(text) > 255;
  if (username !== undefined && tooLong(username)) {
    v.reject('Socks5ProxyUsername must be between 1 and 255 characters.');
  }
  if ((username === undefined) !== (password === undefined)) {
    v.reject('Socks5ProxyPassword must be included with Socks5ProxyUsername.');
  }
  if (password !== undefined && tooLong(password)) {
    v.reject('Socks5ProxyPassword must be between 1 and 255 characters.');
  }
}

export function checkControlPasswords(v: Validation): void {
  for (const name of ['HashedControlPassword', '__HashedControlSessionPassword'] as const) {
    const bad = v.lines(name).some((line) => !/^16:[0-9a-fA-F]{58}$/.test(line.trim()));
    v.rejectIf(bad, `Bad ${name.replace(/^__/, '')}: wrong length or bad encoding`);
  }
  const guarded =
    v.has('HashedControlPassword') || v.has('__HashedControlSessionPassword') || v.get('CookieAuthentication');
  const controlPorts = v.ports.filter((port) => port.kind === 'control');
  const tcp = controlPorts.some((port) => port.listen.kind === 'tcp');
  if (!guarded && (tcp || controlPorts.some((port) => port.worldWritable))) {
    v.warn(
      `Control${tcp ? 'Port' : 'Socket'} is ${tcp ? 'open' : 'world writable'}, but no authentication method has been ` +
        "configured.  This means that any program on your computer can reconfigure your Tor.  That's bad!  You should " +
        'upgrade your Tor controller as soon as possible.',
    );
  }
  if (v.get('CookieAuthFileGroupReadable') && !v.has('CookieAuthFile')) {
    v.warn(
      'CookieAuthFileGroupReadable is set, but will have no effect: you must specify an explicit CookieAuthFile to ' +
        'have it group-readable.',
    );
  }
}

export function checkNodeFamilies(v: Validation): void {
  const bad = v.lines('NodeFamily').some((line) => parseRouterSet(line) === undefined);
  v.rejectIf(bad, 'Invalid NodeFamily line.');
}

export function checkConstrainedSockets(v: Validation): void {
  const size = v.get('ConstrainedSockSize');
  if (v.get('ConstrainedSockets') && (size < 2048 || size > 262144 || size % 1024 !== 0)) {
    v.reject('ConstrainedSockSize is invalid.  Must be a value between 2048 and 262144 in 1024 byte increments.');
  }
}

export function checkSchedulers(v: Validation): void {
  const list = v.get('Schedulers');
  v.rejectIf(
    list.length === 0,
    'Empty Schedulers list. Either remove the option so the defaults can be used or set at least one value.',
  );
  for (const type of list) {
    if (['kist', 'kistlite', 'vanilla'].includes(type.toLowerCase())) continue;
    const known = 'Possible values are KIST, KISTLite and Vanilla.';
    v.reject(`Unknown type ${quote(type)} in option Schedulers. ${known}`);
  }
  v.rejectIf(v.get('KISTSockBufSizeFactor') < 0, 'KISTSockBufSizeFactor must be at least 0');
  v.rejectIf(v.get('KISTSchedRunInterval') > 100, 'KISTSchedRunInterval must not be more than 100 (ms)');
}

/** `OutboundBindAddress*`: one address for each family. */
export function checkOutboundAddresses(v: Validation): void {
  for (const name of [
    'OutboundBindAddress',
    'OutboundBindAddressOR',
    'OutboundBindAddressExit',
    'OutboundBindAddressPT',
  ] as const) {
    const seen = new Set<number>();
    for (const line of v.lines(name)) {
      const ip = parseIp(line.trim());
      if (ip === undefined) v.reject(`Outbound bind address '${line}' didn't parse.`);
      if (seen.has(ip.length)) {
        v.reject(`Multiple IPv${ip.length === 4 ? 4 : 6} outbound bind addresses configured: ${line}`);
      }
      seen.add(ip.length);
    }
  }
}
