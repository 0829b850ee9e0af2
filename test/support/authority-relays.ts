import { MeasuredBandwidths } from '../../src/roles/authority/bandwidth/measured.ts';
import { RouterHistory } from '../../src/roles/authority/history/router-history.ts';
import { authorityConfig } from '../../src/roles/authority/index.ts';
import type { RelayRules } from '../../src/roles/authority/uploads/approved-routers.ts';
import type { KnownRelay } from '../../src/roles/authority/uploads/router-store.ts';
import { parseServerDescriptors, type ServerDescriptor } from '../../src/wire/netdoc/index.ts';
import { parseConfigLines, TorOptions } from '../../src/wire/torrc/index.ts';
import { documentText } from './documents.ts';

/** The options of an authority. `testing`: with the defaults of a test network. */
export function authorityOptions(lines: readonly string[], testing = true) {
  const text = [...(testing ? ['TestingTorNetwork 1', 'DirAllowPrivateAddresses 1'] : []), ...lines].join('\n');
  return authorityConfig(TorOptions.defaults({ testing }).assign(parseConfigLines(text)));
}

export const recordedDescriptors: readonly ServerDescriptor[] = parseServerDescriptors(
  documentText('network-0.4.9.11/server-all'),
).documents;

export const noRules: RelayRules = {
  reject: false,
  invalid: false,
  badExit: false,
  middleOnly: false,
  stripGuard: false,
  stripHsDir: false,
  stripV2Dir: false,
};

/** A relay that an authority knows, running since long; what is given is as given. */
export function knownRelay(
  number: number,
  descriptor: Partial<ServerDescriptor> = {},
  more: Partial<Omit<KnownRelay, 'descriptor'>> = {},
): KnownRelay {
  const template = recordedDescriptors[0] as ServerDescriptor;
  return {
    descriptor: {
      ...template,
      nickname: `relay${number}`,
      rsaId: new Uint8Array(20).fill(number),
      ed25519Id: new Uint8Array(32).fill(number),
      address: Uint8Array.of(20, 0, 0, number),
      uptimeSec: 30 * 86_400,
      hibernating: false,
      ...descriptor,
    },
    rules: noRules,
    extraInfo: undefined,
    lastReachableMs: template.publishedMs,
    lastReachableIpv6Ms: 0,
    running: true,
    ...more,
  };
}

export { MeasuredBandwidths, RouterHistory };
