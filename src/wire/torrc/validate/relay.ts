import { fromBase64 } from '../../../base/bytes/index.ts';
import { quote } from '../quoting.ts';
import { capBandwidth } from './general.ts';
import type { Validation } from './validation.ts';

const minRelayBandwidth = 75 * 1024;
const minBridgeBandwidth = 50 * 1024;

export function checkRelayInfo(v: Validation): void {
  const nickname = v.get('Nickname');
  if (nickname === undefined) {
    if (v.isRelay) v.set('Nickname', 'Unnamed');
  } else if (!/^[A-Za-z0-9]{1,19}$/.test(nickname)) {
    v.reject(
      `Nickname '${nickname}', nicknames must be between 1 and 19 characters inclusive, and must contain only the ` +
        'characters [a-zA-Z0-9].',
    );
  }
  if (v.isRelay && !v.has('ContactInfo')) {
    v.warn(
      'Your ContactInfo config option is not set. Please strongly consider setting it, so we can contact you if your ' +
        'relay is misconfigured, end-of-life, or something else goes wrong. It is also possible that your relay might ' +
        'get rejected from the network due to a missing valid contact address.',
    );
  }
  v.rejectIf((v.get('ContactInfo') ?? '').includes('\ufffd'), 'ContactInfo config option must be UTF-8.');
}

export function checkPublishing(v: Validation): void {
  const list = v.get('PublishServerDescriptor');
  const targets = new Set<'v3' | 'bridge'>();
  for (const word of list) publishTarget(v, word, targets);
  v.rejectIf(
    (v.get('BridgeRelay') || targets.has('bridge')) && targets.has('v3'),
    'Bridges are not supposed to publish router descriptors to the directory authorities. Please correct your ' +
      'PublishServerDescriptor line.',
  );
  checkBridgeDistribution(v);
  if (list.length > 1 && list.some((word) => word === '0' || word === '1')) {
    v.warn(
      'You have passed a list of multiple arguments to the PublishServerDescriptor option that includes 0 or 1. 0 or 1 ' +
        'should only be used as the sole argument. This configuration will be rejected in a future release.',
    );
  }
}

function publishTarget(v: Validation, word: string, targets: Set<'v3' | 'bridge'>): void {
  switch (word.toLowerCase()) {
    case 'v1':
    case 'v2':
      v.warn(
        `PublishServerDescriptor ${word} has no effect, because there are no ${word} directory authorities anymore.`,
      );
      break;
    case '1':
      targets.add(v.get('BridgeRelay') ? 'bridge' : 'v3');
      break;
    case 'v3':
      targets.add('v3');
      break;
    case 'bridge':
      targets.add('bridge');
      break;
    case 'hidserv':
      v.warn('PublishServerDescriptor hidserv is invalid. See PublishHidServDescriptors.');
      break;
    case '0':
      break;
    default:
      v.reject('Unrecognized value in PublishServerDescriptor');
  }
}

function checkBridgeDistribution(v: Validation): void {
  const method = v.get('BridgeDistribution');
  if (method === undefined) return;
  v.rejectIf(!v.get('BridgeRelay'), "You set BridgeDistribution, but you didn't set BridgeRelay!");
  if (['none', 'any', 'https', 'email', 'settings'].includes(method.toLowerCase())) return;
  v.rejectIf(!/^[A-Za-z0-9_-]*$/.test(method), 'Invalid BridgeDistribution value.');
  v.warn(`Unrecognized BridgeDistribution value ${quote(method)}. I'll assume you know what you are doing...`);
}

export function checkRelayPadding(v: Validation): void {
  if (!v.isRelay) return;
  v.rejectIf(v.get('ConnectionPadding') !== 'auto', "Relays must use 'auto' for the ConnectionPadding setting.");
  v.rejectIf(v.get('ReducedConnectionPadding'), 'Relays cannot set ReducedConnectionPadding. ');
  v.rejectIf(!v.get('CircuitPadding'), 'Relays cannot set CircuitPadding to 0. ');
  v.rejectIf(v.get('ReducedCircuitPadding'), 'Relays cannot set ReducedCircuitPadding. ');
}

export function checkRelayBandwidth(v: Validation): void {
  const capped = ['MaxAdvertisedBandwidth', 'RelayBandwidthRate', 'RelayBandwidthBurst'] as const;
  for (const name of [...capped, 'PerConnBWRate', 'PerConnBWBurst'] as const) capBandwidth(v, name);
  if (v.get('RelayBandwidthBurst') === 0) copyOption(v, 'RelayBandwidthRate', 'RelayBandwidthBurst');
  if (v.get('RelayBandwidthRate') === 0) copyOption(v, 'RelayBandwidthBurst', 'RelayBandwidthRate');
  if (v.isRelay) checkMinimum(v);
  v.rejectIf(
    v.get('RelayBandwidthRate') > v.get('RelayBandwidthBurst'),
    'RelayBandwidthBurst must be at least equal to RelayBandwidthRate.',
  );
  if (v.get('RelayBandwidthRate') > v.get('BandwidthRate')) copyOption(v, 'RelayBandwidthRate', 'BandwidthRate');
  if (v.get('RelayBandwidthBurst') > v.get('BandwidthBurst')) copyOption(v, 'RelayBandwidthBurst', 'BandwidthBurst');
}

type Rate = 'RelayBandwidthRate' | 'RelayBandwidthBurst' | 'BandwidthRate' | 'BandwidthBurst';

function copyOption(v: Validation, from: Rate, to: Rate): void {
  if (v.get(from) !== v.get(to)) v.set(to, String(v.get(from)));
}

function checkMinimum(v: Validation): void {
  const bridge = v.get('BridgeRelay');
  const minimum = bridge ? minBridgeBandwidth : minRelayBandwidth;
  const servers = bridge ? 'bridge servers' : 'servers';
  const demand = (name: string, value: number, least: number): void => {
    if (value >= least) return;
    v.reject(`${name} is set to ${value} bytes/second. For ${servers}, it must be at least ${least}.`);
  };
  demand('BandwidthRate', v.get('BandwidthRate'), minimum);
  demand('MaxAdvertisedBandwidth', v.get('MaxAdvertisedBandwidth'), minimum / 2);
  if (v.get('RelayBandwidthRate') > 0) demand('RelayBandwidthRate', v.get('RelayBandwidthRate'), minimum);
}

const accountingStart = /^(?:month\s+(?:[1-9]|1[0-9]|2[0-8])|week\s+[1-7]|day)\s+([0-9]{1,2}):([0-9]{2})\s*$/i;

export function checkAccounting(v: Validation): void {
  const start = v.get('AccountingStart');
  if (start !== undefined && v.get('AccountingMax') >= 0) {
    const match = accountingStart.exec(start.trim());
    const ok = match !== null && Number(match[1]) < 24 && Number(match[2]) < 60;
    v.rejectIf(!ok, 'Failed to parse accounting options. See logs for details.');
  }
  if (v.get('AccountingMax') > 0 && !v.nonAnonymous) warnOfAccounting(v);
  v.rejectIf(
    !['sum', 'max', 'in', 'out'].includes(v.get('AccountingRule') ?? 'max'),
    "AccountingRule must be 'sum', 'max', 'in', or 'out'",
  );
}

function warnOfAccounting(v: Validation): void {
  if (v.hasOnionServices && v.isRelay) {
    v.warn(
      'Using accounting with a hidden service and an ORPort is risky: your hidden service(s) and your public address ' +
        'will all turn off at the same time, which may alert observers that they are being run by the same party.',
    );
  } else if (v.lines('HiddenServiceDir').length > 1) {
    v.warn(
      'Using accounting with multiple hidden services is risky: they will all turn off at the same time, which may ' +
        'alert observers that they are being run by the same party.',
    );
  }
}

export function checkRelayMode(v: Validation): void {
  const bridge = v.get('BridgeRelay');
  if (v.isRelay && v.hasOnionServices && !v.nonAnonymous) {
    v.warn(
      "Tor is currently configured as a relay and a hidden service. That's not very secure: you should probably run " +
        'your hidden service in a separate Tor process, at least -- see ' +
        'https://bugs.torproject.org/tpo/core/tor/8742.',
    );
  }
  if (bridge && v.opens('dir')) {
    v.warn("Can't set a DirPort on a bridge relay; disabling DirPort");
    v.setLines('DirPort', []);
    v.ports = v.ports.filter((port) => port.kind !== 'dir');
  }
  v.rejectIf(
    v.opens('dir') && !v.get('DirCache'),
    'DirPort configured but DirCache disabled. DirPort requires DirCache.',
  );
  v.rejectIf(bridge && !v.get('DirCache'), "We're a bridge but DirCache is disabled. BridgeRelay requires DirCache.");
  v.rejectIf(bridge && !v.opens('or'), 'BridgeRelay is 1, ORPort is not set. This is an invalid combination.');
  const defaultExit = !v.has('ExitPolicy') && v.get('ExitRelay') === 'auto' && !v.get('ReducedExitPolicy');
  if (bridge && v.get('ExitRelay') !== false && !defaultExit) {
    v.warn(
      'BridgeRelay is 1, but ExitRelay is 1 or an ExitPolicy is configured. Tor will start, but it will not function ' +
        'as an exit relay.',
    );
  }
  checkDirCacheMemory(v);
  checkFamily(v);
}

function checkDirCacheMemory(v: Validation): void {
  const memory = v.context.totalMemoryBytes;
  if (!v.isRelay || memory === undefined) return;
  const little = memory < 300 * 2 ** 20;
  if (!v.get('DirCache') && !little) {
    v.warn('DirCache is disabled and we are configured as a relay. We will not become a Guard.');
  } else if (v.get('DirCache') && little) {
    v.warn(
      v.get('BridgeRelay')
        ? 'Running a Bridge with less than 300 MB of memory is not recommended.'
        : 'Being a directory cache (default) with less than 300 MB of memory is not recommended and may consume most of ' +
            'the available resources. Consider disabling this functionality by setting the DirCache option to 0.',
    );
  }
}

const nicknameOrDigest = /^(?:[A-Za-z0-9]{1,19}|\$?[0-9a-fA-F]{40}(?:[=~][A-Za-z0-9]{1,19})?)$/;

function checkFamily(v: Validation): void {
  const lines = v.lines('MyFamily');
  if (lines.length > 0 && v.get('BridgeRelay')) {
    v.warn(
      'Listing a family for a bridge relay is not supported: it can reveal bridge fingerprints to censors. You should ' +
        "also make sure you aren't listing this bridge's fingerprint in any other MyFamily.",
    );
  }
  if (lines.length > 0 && !v.has('ContactInfo')) {
    v.warn(
      'MyFamily is set but ContactInfo is not configured. ContactInfo should always be set when MyFamily option is too.',
    );
  }
  for (const name of lines.flatMap((line) => line.split(',')).map((part) => part.trim())) {
    if (name !== '' && !nicknameOrDigest.test(name)) v.reject(`Invalid nickname '${name}' in MyFamily line`);
  }
  for (const id of v.lines('FamilyId')) {
    if (id !== '*' && !isEd25519Text(id)) v.reject(`Invalid FamilyId ${id}`);
  }
}

function isEd25519Text(text: string): boolean {
  try {
    return fromBase64(text).length === 32;
  } catch {
    return false;
  }
}

export function checkKeyLifetimes(v: Validation): void {
  v.rejectIf(v.get('SigningKeyLifetime') < v.get('TestingSigningKeySlop') * 2, 'SigningKeyLifetime is too short.');
  v.rejectIf(v.get('TestingLinkCertLifetime') < v.get('TestingAuthKeySlop') * 2, 'LinkCertLifetime is too short.');
  v.rejectIf(v.get('TestingAuthKeyLifetime') < v.get('TestingLinkKeySlop') * 2, 'TestingAuthKeyLifetime is too short.');
}
