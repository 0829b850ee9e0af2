import { inPrefix, parseIp } from '../../../base/ip/index.ts';
import type { OptionName } from '../table/index.ts';
import type { Validation } from './validation.ts';

export function checkPortLists(v: Validation): void {
  for (const name of ['FirewallPorts', 'LongLivedPorts', 'RejectPlaintextPorts', 'WarnPlaintextPorts'] as const) {
    for (const text of v.get(name)) {
      const port = Number.parseInt(text, 10);
      if (!(port >= 1 && port <= 65535)) v.reject(`Port '${text}' out of range in ${name}`);
    }
  }
}

export function checkPaths(v: Validation): void {
  const needed = v.get('PathsNeededToBuildCircuits');
  if (needed >= 0 && needed < 0.25) {
    v.warn('PathsNeededToBuildCircuits is too low. Increasing to 0.25');
    v.set('PathsNeededToBuildCircuits', '0.25');
  } else if (needed > 0.95) {
    v.warn('PathsNeededToBuildCircuits is too high. Decreasing to 0.95');
    v.set('PathsNeededToBuildCircuits', '0.95');
  }
  const pending = v.get('MaxClientCircuitsPending');
  if (pending <= 0 || pending > 1024) {
    v.reject(`MaxClientCircuitsPending must be between 1 and 1024, but was set to ${pending}`);
  }
  if (v.has('ExcludeNodes')) {
    if (v.get('StrictNodes')) {
      v.warn(
        'You have asked to exclude certain relays from all positions in your circuits. Expect hidden services and ' +
          'other Tor features to be broken in unpredictable ways.',
      );
    }
  }
}

/** The old firewall options become `ReachableAddresses`. */
export function checkFirewall(v: Validation): void {
  if (v.get('FascistFirewall') && !v.has('ReachableAddresses')) convertFirewall(v);
  const restricted =
    v.has('ReachableAddresses') ||
    v.has('ReachableORAddresses') ||
    v.has('ReachableDirAddresses') ||
    !v.get('ClientUseIPv4');
  v.rejectIf(
    restricted && v.isRelay,
    'Servers must be able to freely connect to the rest of the Internet, so they must not set Reachable*Addresses or ' +
      'FascistFirewall or FirewallPorts or ClientUseIPv4 0.',
  );
}

function convertFirewall(v: Validation): void {
  const ports = v.get('FirewallPorts');
  if (ports.length > 0) {
    const value = ports.map((port) => `*:${Number.parseInt(port, 10)}`).join(',');
    const what = 'Converting FascistFirewall and FirewallPorts config options to new format';
    v.notice(`${what}: "ReachableAddresses ${value}"`);
    v.set('ReachableAddresses', value);
    return;
  }
  const convert = (name: OptionName, value: string): void => {
    if (v.has(name)) return;
    v.notice(`Converting FascistFirewall config option to new format: "${name} ${value}"`);
    v.set(name, value);
  };
  convert('ReachableDirAddresses', '*:80');
  convert('ReachableORAddresses', '*:443');
}

export function checkBridgesAndGuards(v: Validation): void {
  const bridges = v.get('UseBridges');
  const pinned = v.lines('EntryNodes').length;
  v.rejectIf(
    bridges && v.isRelay,
    'Servers must be able to freely connect to the rest of the Internet, so they must not set UseBridges.',
  );
  v.rejectIf(bridges && pinned > 0, 'You cannot set both UseBridges and EntryNodes.');
  v.rejectIf(bridges && !v.get('UseEntryGuards'), 'Setting UseBridges requires also setting UseEntryGuards.');
  v.rejectIf(
    !['latency', 'throughput', 'latency_lowmem', 'throughput_lowmem'].includes(v.get('ConfluxClientUX') ?? ''),
    "ConfluxClientUX must be 'latency', 'throughput, 'latency_lowmem', or 'throughput_lowmem'",
  );
}

export function checkGuards(v: Validation): void {
  const pinned = v.lines('EntryNodes').length;
  v.rejectIf(v.get('CircuitsAvailableTimeout') > 24 * 3600, 'CircuitsAvailableTimeout is too large. Max is 24 hours.');
  v.rejectIf(pinned > 0 && !v.get('UseEntryGuards'), 'If EntryNodes is set, UseEntryGuards must be enabled.');
  if (!v.get('UseEntryGuards') && v.hasOnionServices && !v.get('HiddenServiceSingleHopMode')) {
    v.warn(
      'UseEntryGuards is disabled, but you have configured one or more hidden services on this Tor instance.  Your ' +
        'hidden services will be very easy to locate using a well-known attack -- see ' +
        'https://freehaven.net/anonbib/#hs-attack06 for details.',
    );
  }
  const [entry, primary] = [v.get('NumEntryGuards'), v.get('NumPrimaryGuards')];
  v.rejectIf(primary > 0 && entry > primary, 'NumEntryGuards must not be greater than NumPrimaryGuards.');
  if (pinned > 0 && v.hasOnionServices) pinnedGuards(v, pinned);
  if (v.nonAnonymous) {
    v.warn(
      'HiddenServiceNonAnonymousMode is set. Every hidden service on this tor instance is NON-ANONYMOUS. If the ' +
        'HiddenServiceNonAnonymousMode option is changed, Tor will refuse to launch hidden services from the same ' +
        'directories, to protect your anonymity against config errors. This setting is for experimental use only.',
    );
  }
}

function pinnedGuards(v: Validation, count: number): void {
  v.rejectIf(
    count === 1,
    "You have one single EntryNodes and at least one hidden service configured. This is bad because it's very easy to " +
      'locate your entry guard which can then lead to the deanonymization of your hidden service -- for more details, ' +
      'see https://bugs.torproject.org/tpo/core/tor/14917. For this reason, the use of one EntryNodes with an hidden ' +
      'service is prohibited until a better solution is found.',
  );
  v.warn(
    'EntryNodes is set with multiple entries and at least one hidden service is configured. Pinning entry nodes can ' +
      "possibly be harmful to the service anonymity. Because of this, we recommend you either don't do that or make " +
      'sure you know what you are doing. For more details, please look at ' +
      'https://bugs.torproject.org/tpo/core/tor/21155.',
  );
}

export function checkCircuitTimes(v: Validation): void {
  const timeout = v.get('CircuitBuildTimeout');
  if (!v.get('LearnCircuitBuildTimeout')) {
    if (timeout > 0 && timeout < 10) {
      v.warn(
        `CircuitBuildTimeout is shorter (${timeout} seconds) than the recommended minimum (10 seconds), and ` +
          "LearnCircuitBuildTimeout is disabled.  If tor isn't working, raise this value or enable " +
          'LearnCircuitBuildTimeout.',
      );
    } else if (timeout === 0) {
      v.notice(
        "You disabled LearnCircuitBuildTimeout, but didn't specify a CircuitBuildTimeout. I'll pick a plausible default.",
      );
    }
  }
  v.rejectIf(
    v.get('DormantClientTimeout') < 600 && !v.get('TestingTorNetwork'),
    'DormantClientTimeout is too low. It must be at least 10 minutes.',
  );
  const rates = ['PathBiasNoticeRate', 'PathBiasWarnRate', 'PathBiasExtremeRate'] as const;
  for (const name of [...rates, 'PathBiasNoticeUseRate', 'PathBiasExtremeUseRate'] as const) {
    v.rejectIf(v.get(name) > 1, `${name} is too high. It must be between 0 and 1.0`);
  }
  const dirtiness = v.get('MaxCircuitDirtiness');
  if (dirtiness < 10) {
    v.warn('MaxCircuitDirtiness option is too short; raising to 10 seconds.');
    v.set('MaxCircuitDirtiness', '10');
  } else if (dirtiness > 30 * 86400) {
    v.warn('MaxCircuitDirtiness option is too high; setting to 30 days.');
    v.set('MaxCircuitDirtiness', String(30 * 86400));
  }
  const stream = v.get('CircuitStreamTimeout');
  if (stream > 0 && stream < 10) {
    v.warn('CircuitStreamTimeout option is too short; raising to 10 seconds.');
    v.set('CircuitStreamTimeout', '10');
  }
}

export function checkSingleOnion(v: Validation): void {
  const single = v.get('HiddenServiceSingleHopMode');
  v.rejectIf(
    single && !v.nonAnonymous,
    'HiddenServiceSingleHopMode does not provide any server anonymity. It must be used with ' +
      'HiddenServiceNonAnonymousMode set to 1.',
  );
  v.rejectIf(
    v.nonAnonymous && !single,
    'HiddenServiceNonAnonymousMode does not provide any server anonymity. It must be used with ' +
      'HiddenServiceSingleHopMode set to 1.',
  );
  const clientPorts = ['socks', 'trans', 'natd', 'dns', 'http-tunnel'] as const;
  v.rejectIf(
    v.nonAnonymous && clientPorts.some((kind) => v.opens(kind)),
    'HiddenServiceNonAnonymousMode is incompatible with using Tor as an anonymous client. Please set ' +
      'Socks/Trans/NATD/DNSPort to 0, or revert HiddenServiceNonAnonymousMode to 0.',
  );
  if (single && v.get('UseEntryGuards')) {
    v.notice('HiddenServiceSingleHopMode is enabled; disabling UseEntryGuards.');
  }
}

/** A range of addresses for names that are mapped to one: at least 16 bits in IPv4, 24 in IPv6. */
export function checkVirtualNetworks(v: Validation): void {
  checkVirtualNetwork(v, v.get('VirtualAddrNetworkIPv4') ?? '', 4, 16);
  checkVirtualNetwork(v, v.get('VirtualAddrNetworkIPv6') ?? '', 16, 104);
}

function checkVirtualNetwork(v: Validation, text: string, length: 4 | 16, maxBits: number): void {
  const label = `VirtualAddressNetwork${length === 16 ? 'IPv6' : ''}`;
  v.rejectIf(text === '', `Value not present (Empty) after ${label}`);
  const network = parseNetwork(text);
  if (network === undefined) v.reject(`Error parsing ${label} ${text}`);
  v.rejectIf(network.ip.length !== length, `Incorrect address type for ${label}`);
  v.rejectIf(network.bits > maxBits, `${label} expects a /${maxBits} network or larger`);
}

/** `address/bits`, IPv6 in brackets or not. */
export function parseNetwork(text: string): { readonly ip: Uint8Array; readonly bits: number } | undefined {
  const [host = '', bitsText] = text.trim().split('/', 2);
  const ip = parseIp(host);
  if (ip === undefined) return undefined;
  const bits = bitsText === undefined ? ip.length * 8 : /^[0-9]{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  return bits < 0 || bits > ip.length * 8 || !inPrefix(ip, ip, bits) ? undefined : { ip, bits };
}
