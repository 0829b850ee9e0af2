import { base16, base64Unpadded, latin1 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Clock, Random } from '../../../base/runtime/index.ts';
import type { Emitter } from '../../../base/util/index.ts';
import type { CircuitManager } from '../../../network/circuits/index.ts';
import type { DirRequester, DirResponse } from '../../../network/directory/index.ts';
import { type NetDir, periodStartSec, type Relay } from '../../../network/netdir/index.ts';
import { onionLabel } from '../common/address.ts';
import { type PeriodKeys, periodKeys } from '../common/keys.ts';
import type { ServiceDescriptor } from './descriptor.ts';
import type { OnionClientEvents } from './events.ts';
import { HsDirHistory } from './hsdir-history.ts';

/** No descriptor is longer (HSV3MaxDescriptorSize). */
const maxDescriptorBytes = 50_000;
const requestTimeoutMs = 60_000;
/** A directory counts as unreachable only when so many paths to it failed. */
const pathsTried = 3;

export interface DescriptorFetchDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly circuits: Pick<CircuitManager, 'circuitTo'>;
  readonly dirRequest: DirRequester;
  readonly events: Emitter<OnionClientEvents>;
  /** Opens both layers with the credential we have for the service. Throws ONION_AUTH_*, ONION_DESCRIPTOR_INVALID. */
  readonly open: (text: string, about: PeriodKeys & { readonly identityKey: Uint8Array }) => ServiceDescriptor;
}

export interface DescriptorFetchOptions {
  readonly requeryMs: number;
  readonly excluded: (relay: Relay) => boolean;
  readonly strict: boolean;
}

export interface FetchedDescriptor {
  readonly descriptor: ServiceDescriptor;
  readonly expiresMs: number;
}

/** Fetches descriptors, asking one HSDir after the other. Fetches of one service share one run. */
export class DescriptorFetch {
  readonly #deps: DescriptorFetchDeps;
  readonly #options: DescriptorFetchOptions;
  readonly #history: HsDirHistory;
  readonly #running = new Map<string, Promise<FetchedDescriptor>>();

  constructor(deps: DescriptorFetchDeps, options: DescriptorFetchOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#history = new HsDirHistory(deps, { requeryMs: options.requeryMs });
  }

  /** Rejects with ONION_DESCRIPTOR_NOT_FOUND, ONION_DESCRIPTOR_INVALID, ONION_AUTH_MISSING, ONION_AUTH_WRONG. */
  fetch(identityKey: Uint8Array, netdir: NetDir, from?: readonly Relay[]): Promise<FetchedDescriptor> {
    if (from !== undefined) return this.#run(identityKey, netdir, new Set(from));
    const key = base16(identityKey);
    let run = this.#running.get(key);
    if (run === undefined) {
      run = this.#run(identityKey, netdir).finally(() => this.#running.delete(key));
      this.#running.set(key, run);
    }
    return run;
  }

  /** NEWNYM. */
  clear(): void {
    this.#history.clear();
  }

  /** `from`: relays that somebody names, each asked once whether it is responsible or not. */
  async #run(identityKey: Uint8Array, netdir: NetDir, from?: Set<Relay>): Promise<FetchedDescriptor> {
    const ring = netdir.hsDirRings().fetch;
    const { blindedKey, subcredential } = periodKeys(identityKey, ring.periodNumber, netdir.periodRules.lengthMinutes);
    const hsDirs = netdir.responsibleHsDirs({ blindedKey, ring, use: 'fetch' });
    const expiresMs = periodStartSec(netdir.timePeriod + 1, netdir.periodRules) * 1000;
    const { excluded, strict } = this.#options;
    let last: TorError | undefined;
    let askedAnew = false;
    for (;;) {
      const hsDir = from === undefined ? this.#history.pick(hsDirs, blindedKey, excluded, strict) : takeOne(from);
      if (from === undefined && hsDir === undefined && last === undefined && !askedAnew) {
        // All were asked lately, for descriptors that had what was wanted of them then.
        askedAnew = true;
        this.#history.forget(blindedKey);
        continue;
      }
      if (hsDir === undefined) break;
      try {
        const text = await this.#ask(hsDir, identityKey, blindedKey);
        const descriptor = this.#deps.open(text, { identityKey, blindedKey, subcredential });
        this.#deps.events.emit('descriptorReceived', {
          service: onionLabel(identityKey),
          hsDir: hsDir.fingerprint,
          introPoints: descriptor.introPoints.length,
          text,
        });
        return { descriptor, expiresMs };
      } catch (thrown) {
        last = TorError.from(thrown);
        this.#deps.events.emit('descriptorFailed', {
          service: onionLabel(identityKey),
          hsDir: hsDir.fingerprint,
          reason: reasonOf(last),
        });
        if (last.code === 'ONION_AUTH_MISSING' || last.code === 'ONION_AUTH_WRONG' || last.kind === 'bug') break;
      }
    }
    // As C tor: after a whole round without success the next attempt of the user may ask the same directories again.
    if (from === undefined) this.#history.forget(blindedKey);
    if (last !== undefined && (last.code.startsWith('ONION_') || last.kind === 'bug')) throw last;
    throw new TorError('ONION_DESCRIPTOR_NOT_FOUND', undefined, last === undefined ? {} : { cause: last });
  }

  async #ask(hsDir: Relay, identityKey: Uint8Array, blindedKey: Uint8Array): Promise<string> {
    const tag = onionLabel(identityKey);
    this.#deps.events.emit('descriptorRequested', { service: tag, hsDir: hsDir.fingerprint, blindedKey });
    const circuit = await this.#deps.circuits.circuitTo('hs-client-hsdir', hsDir, { tag, attempts: pathsTried });
    try {
      const response = await this.#deps.dirRequest(circuit, {
        method: 'GET',
        path: `/tor/hs/3/${base64Unpadded(blindedKey)}`,
        maxBytes: maxDescriptorBytes,
        compression: 'identity',
        timeoutMs: requestTimeoutMs,
      });
      return textOf(response);
    } finally {
      circuit.close();
    }
  }
}

function takeOne(from: Set<Relay>): Relay | undefined {
  const [first] = from;
  if (first !== undefined) from.delete(first);
  return first;
}

function textOf(response: DirResponse): string {
  if (response.status === 200) return latin1(response.body);
  if (response.status === 404) throw new TorError('ONION_DESCRIPTOR_NOT_FOUND');
  throw new TorError('DIR_STATUS', `the directory answered ${response.status} ${response.reason}`, {
    facts: { status: response.status },
  });
}

function reasonOf(error: TorError): string {
  if (error.code === 'ONION_DESCRIPTOR_NOT_FOUND') return 'NOT_FOUND';
  if (error.code === 'ONION_DESCRIPTOR_INVALID') return 'BAD_DESC';
  if (error.code === 'ONION_AUTH_MISSING' || error.code === 'ONION_AUTH_WRONG') return 'BAD_DESC';
  return error.facts['status'] === 400 ? 'QUERY_REJECTED' : 'UNEXPECTED';
}
