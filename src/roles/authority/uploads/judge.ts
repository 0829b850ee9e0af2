import { isInternalIp } from '../../../base/ip/index.ts';
import type { ServerDescriptor } from '../../../wire/netdoc/index.ts';
import { type AddressRule, policyAccepts } from '../../../wire/torrc/index.ts';
import { compareTorVersions, parseTorVersion, platformVersion } from '../compute/tor-version.ts';
import type { AuthorityConfig } from '../config.ts';
import type { ApprovedRouters, RelayRules, RuleName } from './approved-routers.ts';
import type { KeyPins } from './key-pins.ts';

export const allowedSkewMs = 12 * 3600_000;
export const maxAgeToPublishMs = 24 * 3600_000;

type JudgeConfig = Pick<
  AuthorityConfig,
  | 'minimalVersion'
  | 'pinKeys'
  | 'allowPrivateAddresses'
  | 'rejectAddresses'
  | 'invalidAddresses'
  | 'badExitAddresses'
  | 'middleOnlyAddresses'
>;

export interface JudgeDeps {
  readonly config: JudgeConfig;
  readonly approved: () => ApprovedRouters;
  readonly pins: KeyPins;
}

/** Either what holds for a relay, or why it is not taken: the words are those of C tor's answers. */
export type Judgement = { readonly rules: RelayRules } | { readonly refused: string };

const mistake = (what: string, mention: string): string =>
  `${what} -- if you think this is a mistake please set a valid email address in ContactInfo and send an email to ` +
  `bad-relays@lists.torproject.org mentioning your ${mention}?`;

const messages = {
  platform: 'Malformed platform string.',
  version: 'Tor version is insecure or unsupported. Please upgrade!',
  rejected: mistake('Fingerprint and/or ed25519 identity is marked rejected', 'fingerprint(s)'),
  address: mistake('Suspicious relay address range', 'address(es) and fingerprint(s)'),
  ntor: 'Missing ntor curve25519 onion key. Please upgrade!',
  changed: 'Ed25519 identity key or RSA identity key has changed.',
  disappeared: 'Ed25519 identity key has disappeared.',
  future: 'Rejected: Your clock is set too far in the future, or your timezone is not correct.',
  past: 'Rejected: Server is expired, or your clock is too far in the past, or your timezone is not correct.',
  privateAddress: 'Rejected: Address is a private address.',
} as const;

/** Decides whether an authority wants a relay, and what it holds of it. */
export class RelayJudge {
  readonly #deps: JudgeDeps;

  constructor(deps: JudgeDeps) {
    this.#deps = deps;
  }

  /** What holds for a relay, whatever its age. */
  judge(descriptor: ServerDescriptor): Judgement {
    const refused = this.#versionRefused(descriptor.platform);
    if (refused !== undefined) return { refused };
    const { config, approved } = this.#deps;
    const named = approved().rulesOf(descriptor.rsaId, descriptor.ed25519Id);
    if (named.has('reject')) return { refused: messages.rejected };
    if (!this.#permits(config.rejectAddresses, descriptor)) return { refused: messages.address };
    if (descriptor.ntorKey === undefined || descriptor.ntorKey.every((byte) => byte === 0)) {
      return { refused: messages.ntor };
    }
    const pinned = this.#pinRefused(descriptor);
    if (pinned !== undefined) return { refused: pinned };
    return { rules: this.#rules(named, descriptor) };
  }

  /** The same for a descriptor that was just uploaded: its time and address matter too. */
  judgeUpload(descriptor: ServerDescriptor, nowMs: number): Judgement {
    const judgement = this.judge(descriptor);
    if ('refused' in judgement) return judgement;
    if (descriptor.publishedMs > nowMs + allowedSkewMs) return { refused: messages.future };
    if (descriptor.publishedMs < nowMs - maxAgeToPublishMs) return { refused: messages.past };
    return this.#hasPublicAddress(descriptor) ? judgement : { refused: messages.privateAddress };
  }

  #versionRefused(platform: string): string | undefined {
    if (platform === '') return undefined;
    const version = platformVersion(platform);
    if (version === 'bad') return messages.platform;
    if (version === undefined) return undefined;
    if (version.svnRevision < 0) return messages.platform;
    const minimum = parseTorVersion(this.#deps.config.minimalVersion);
    return minimum !== undefined && compareTorVersions(version, minimum) < 0 ? messages.version : undefined;
  }

  #permits(rules: readonly AddressRule[], { address, orPort }: ServerDescriptor): boolean {
    return policyAccepts(rules, address, orPort);
  }

  #rules(named: ReadonlySet<RuleName>, descriptor: ServerDescriptor): RelayRules {
    const { config } = this.#deps;
    return {
      reject: false,
      invalid: named.has('invalid') || !this.#permits(config.invalidAddresses, descriptor),
      badExit: named.has('badExit') || !this.#permits(config.badExitAddresses, descriptor),
      middleOnly: named.has('middleOnly') || !this.#permits(config.middleOnlyAddresses, descriptor),
      stripGuard: named.has('stripGuard'),
      stripHsDir: named.has('stripHsDir'),
      stripV2Dir: named.has('stripV2Dir'),
    };
  }

  #pinRefused({ rsaId, ed25519Id }: ServerDescriptor): string | undefined {
    const { config, pins } = this.#deps;
    if (!config.pinKeys) return undefined;
    if (ed25519Id === undefined) return pins.checkLoneRsa(rsaId) === 'mismatch' ? messages.disappeared : undefined;
    return pins.check(rsaId, ed25519Id) === 'mismatch' ? messages.changed : undefined;
  }

  #hasPublicAddress({ address, ipv6 }: ServerDescriptor): boolean {
    if (this.#deps.config.allowPrivateAddresses) return true;
    if (address.every((byte) => byte === 0) || isInternalIp(address)) return false;
    return ipv6 === undefined || !isInternalIp(ipv6.address);
  }
}
