import { base16Upper, bytesEqual, compareBytes, latin1 } from '../../../base/bytes/index.ts';
import { isValidEd25519PublicKey } from '../../../crypto/primitives/index.ts';
import type { ExtraInfo, ServerDescriptor } from '../../../wire/netdoc/index.ts';
import type { AuthorityConfig } from '../config.ts';
import type { RelayRules } from './approved-routers.ts';
import { differsOnlyCosmetically, sameAddresses } from './cosmetic.ts';
import type { RelayJudge } from './judge.ts';
import type { KeyPins } from './key-pins.ts';

const maxDescriptorLength = 20_000;
const maxExtraInfoLength = 50_000;
const oldestMs = 5 * 24 * 3600_000;
/** A relay is forgotten when it has said nothing for so long. */
const maxAgeMs = 48 * 3600_000;

/** A relay as the authority knows it. */
export interface KnownRelay {
  readonly descriptor: ServerDescriptor;
  rules: RelayRules;
  extraInfo: ExtraInfo | undefined;
  /** Milliseconds; 0 when the relay was never reached. */
  lastReachableMs: number;
  lastReachableIpv6Ms: number;
  running: boolean;
}

/** From the gravest on, as C tor counts it: the gravest of an upload's parts is answered. */
export const addOutcomes = ['too-old', 'rejected', 'not-new', 'bad-extrainfo', 'added'] as const;
export type AddOutcome = (typeof addOutcomes)[number];

export interface AddResult {
  readonly outcome: AddOutcome;
  readonly message: string;
  /** The relay is new, back, or elsewhere: see at once whether it can be reached. */
  readonly test?: KnownRelay;
}

export interface RouterStoreDeps {
  readonly config: Pick<AuthorityConfig, 'pinKeys'>;
  readonly judge: RelayJudge;
  readonly pins: KeyPins;
  /** Our own identity as a relay. */
  readonly isMe: (rsaId: Uint8Array) => boolean;
}

const rejected = (message: string): AddResult => ({ outcome: 'rejected', message });
const notNew: AddResult = { outcome: 'not-new', message: 'Router descriptor was not new.' };

/** The relays that have uploaded a descriptor. */
export class RouterStore {
  readonly #deps: RouterStoreDeps;
  /** By RSA identity, one character a byte. */
  readonly #relays = new Map<string, KnownRelay>();
  /** By SHA-1, one character a byte: also those that newer ones have replaced, for a consensus may still name them. */
  readonly #byDigest = new Map<string, ServerDescriptor>();
  readonly #extraInfos = new Map<string, ExtraInfo>();

  constructor(deps: RouterStoreDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#relays.size;
  }

  find(rsaId: Uint8Array): KnownRelay | undefined {
    return this.#relays.get(latin1(rsaId));
  }

  descriptorByDigest(digest: Uint8Array): ServerDescriptor | undefined {
    return this.#byDigest.get(latin1(digest));
  }

  extraInfoByDigest(digest: Uint8Array): ExtraInfo | undefined {
    return this.#extraInfos.get(latin1(digest));
  }

  /** In the order of their identities. */
  all(): KnownRelay[] {
    return [...this.#relays.values()].sort((a, b) => compareBytes(a.descriptor.rsaId, b.descriptor.rsaId));
  }

  /** Takes an uploaded descriptor, or says why not. */
  addUploaded(descriptor: ServerDescriptor, nowMs: number): AddResult {
    if (descriptor.text.length > maxDescriptorLength) return rejected('Router descriptor was too large.');
    if (descriptor.onionKey === undefined) return rejected('Missing TAP key in descriptor.');
    const old = this.find(descriptor.rsaId)?.descriptor;
    if (
      old !== undefined &&
      old.publishedMs < descriptor.publishedMs &&
      differsOnlyCosmetically(old, descriptor) &&
      !this.#deps.isMe(descriptor.rsaId)
    ) {
      return {
        outcome: 'not-new',
        message: 'Not replacing router descriptor; no information has changed since the last one with this identity.',
      };
    }
    const pinned = this.#pin(descriptor);
    return pinned ?? this.add(descriptor, nowMs);
  }

  #pin({ rsaId, ed25519Id }: ServerDescriptor): AddResult | undefined {
    const { config, pins } = this.#deps;
    if (ed25519Id !== undefined && !isValidEd25519PublicKey(ed25519Id)) return rejected('Bad Ed25519 identity key.');
    const check =
      ed25519Id === undefined ? pins.checkLoneRsa(rsaId) : pins.checkAndAdd(rsaId, ed25519Id, !config.pinKeys);
    if (check !== 'mismatch' || !config.pinKeys) return undefined;
    return rejected(
      'Looks like your keypair has changed? This authority previously recorded a different RSA identity for this ' +
        'Ed25519 identity (or vice versa.) Did you replace or copy some of your key files, but not the others? You ' +
        'should either restore the expected keypair, or delete your keys and restart Tor to start your relay with a ' +
        'new identity.',
    );
  }

  /** Takes a descriptor from another authority or from the cache file. */
  add(descriptor: ServerDescriptor, nowMs: number): AddResult {
    if (descriptor.certExpiresMs < nowMs)
      return { outcome: 'too-old', message: 'Some certs on this router are expired.' };
    const key = latin1(descriptor.rsaId);
    const old = this.#relays.get(key);
    if (old !== undefined && bytesEqual(old.descriptor.digest, descriptor.digest)) return notNew;
    const judgement = this.#deps.judge.judgeUpload(descriptor, nowMs);
    if ('refused' in judgement) return rejected(judgement.refused);
    if (old !== undefined && descriptor.publishedMs <= old.descriptor.publishedMs) return notNew;
    if (descriptor.publishedMs < nowMs - oldestMs) {
      return { outcome: 'too-old', message: 'Router descriptor was really old.' };
    }
    const relay: KnownRelay = {
      descriptor,
      rules: judgement.rules,
      extraInfo: undefined,
      lastReachableMs: old?.lastReachableMs ?? 0,
      lastReachableIpv6Ms: old?.lastReachableIpv6Ms ?? 0,
      running: old?.running ?? false,
    };
    this.#relays.set(key, relay);
    this.#byDigest.set(latin1(descriptor.digest), descriptor);
    const result: AddResult = { outcome: 'added', message: 'Descriptor accepted' };
    return needsTest(descriptor, old?.descriptor) ? { ...result, test: relay } : result;
  }

  /** Takes an extra-info document that belongs to a descriptor we have. */
  addExtraInfo(extraInfo: ExtraInfo): AddResult {
    const bad = (message: string): AddResult => ({ outcome: 'bad-extrainfo', message });
    const relay = this.find(extraInfo.rsaId);
    if (relay === undefined) return bad('No corresponding router descriptor for extra-info descriptor');
    if (extraInfo.text.length > maxExtraInfoLength) return bad('Extrainfo document was too large');
    const { descriptor } = relay;
    if (!sameKey(extraInfo.ed25519SigningKey, descriptor.ed25519SigningKey)) {
      return bad("Extrainfo signing key cert didn't match routerinfo");
    }
    if (extraInfo.publishedMs !== descriptor.publishedMs) {
      const message = 'Extrainfo published time did not match routerdesc';
      return extraInfo.publishedMs < descriptor.publishedMs ? bad(message) : { outcome: 'not-new', message };
    }
    const expected = descriptor.extraInfoDigest;
    const sha1Matches = expected !== undefined && bytesEqual(expected.sha1, extraInfo.digest);
    const sha256Matches = expected?.sha256 === undefined || bytesEqual(expected.sha256, extraInfo.digest256);
    if (!sha1Matches && !sha256Matches) return bad('Neither digest256 or digest matched digest from routerdesc');
    if (!sha256Matches) return bad('Extrainfo digest did not match digest256 from routerdesc');
    if (!sha1Matches) return bad('Extrainfo digest did not match value from routerdesc');
    relay.extraInfo = extraInfo;
    this.#extraInfos.set(latin1(extraInfo.digest), extraInfo);
    return { outcome: 'added', message: '(no message)' };
  }

  /** After the operator's rules have changed: forgets who is rejected now. Returns those that went, for the log. */
  rejudge(): string[] {
    const gone: string[] = [];
    for (const [key, relay] of this.#relays) {
      const judgement = this.#deps.judge.judge(relay.descriptor);
      if ('rules' in judgement) {
        relay.rules = judgement.rules;
      } else {
        this.#relays.delete(key);
        gone.push(`Router $${base16Upper(relay.descriptor.rsaId)} is now rejected: ${judgement.refused}`);
      }
    }
    return gone;
  }

  /** Forgets relays that have published nothing for two days. */
  removeOld(nowMs: number): void {
    for (const [key, { descriptor }] of this.#relays) {
      if (descriptor.publishedMs < nowMs - maxAgeMs && !this.#deps.isMe(descriptor.rsaId)) this.#relays.delete(key);
    }
    const isOld = ({ rsaId, publishedMs }: { readonly rsaId: Uint8Array; readonly publishedMs: number }): boolean =>
      publishedMs < nowMs - maxAgeMs && this.find(rsaId)?.descriptor.publishedMs !== publishedMs;
    for (const [key, descriptor] of this.#byDigest) if (isOld(descriptor)) this.#byDigest.delete(key);
    for (const [key, extraInfo] of this.#extraInfos) if (isOld(extraInfo)) this.#extraInfos.delete(key);
  }
}

const sameKey = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : bytesEqual(a, b);

const needsTest = (descriptor: ServerDescriptor, old: ServerDescriptor | undefined): boolean =>
  old === undefined || (old.hibernating && !descriptor.hibernating) || !sameAddresses(descriptor, old);
