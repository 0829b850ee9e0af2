import { base64Unpadded, latin1 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Clock } from '../../../base/runtime/index.ts';
import type { CircuitManager } from '../../../network/circuits/index.ts';
import type { DirRequester } from '../../../network/directory/index.ts';
import type { NetDir, Relay } from '../../../network/netdir/index.ts';
import { parseOnionDescriptor } from '../../../wire/netdoc/index.ts';
import { periodKeys } from '../common/keys.ts';

export interface SurveyDeps {
  readonly clock: Clock;
  readonly circuits: Pick<CircuitManager, 'circuitTo'>;
  readonly dirRequest: DirRequester;
}

/** What one directory of the ring answered. */
export type SurveyAnswer = { readonly hsDir: Relay } & (
  | {
      readonly state: 'holds';
      readonly revisionCounter: bigint;
      /** From when it was published. */
      readonly lifetimeSec: number;
      /** When its signing key runs out, whatever happens. */
      readonly certExpiresMs: number;
    }
  | { readonly state: 'nothing' }
  | { readonly state: 'failed'; readonly error: TorError }
);

const maxDescriptorBytes = 50_000;
const requestTimeoutMs = 30_000;

/**
 * Asks every directory that clients would ask for this service's descriptor, all at once, and answers in the order in
 * which they do. Tells what the ring holds without connecting to the service.
 */
export async function* surveyHsDirs(
  deps: SurveyDeps,
  identityKey: Uint8Array,
  netdir: NetDir,
): AsyncGenerator<SurveyAnswer> {
  const ring = netdir.hsDirRings().fetch;
  const { blindedKey } = periodKeys(identityKey, ring.periodNumber, netdir.periodRules.lengthMinutes);
  const hsDirs = netdir.responsibleHsDirs({ blindedKey, ring, use: 'fetch' });
  const waiting = new Map(hsDirs.map((hsDir) => [hsDir, ask(deps, hsDir, blindedKey)]));
  while (waiting.size > 0) {
    const answer = await Promise.race(waiting.values());
    waiting.delete(answer.hsDir);
    yield answer;
  }
}

async function ask(deps: SurveyDeps, hsDir: Relay, blindedKey: Uint8Array): Promise<SurveyAnswer> {
  try {
    const circuit = await deps.circuits.circuitTo('hs-client-hsdir', hsDir, { attempts: 3 });
    try {
      const { status, reason, body } = await deps.dirRequest(circuit, {
        method: 'GET',
        path: `/tor/hs/3/${base64Unpadded(blindedKey)}`,
        maxBytes: maxDescriptorBytes,
        compression: 'identity',
        timeoutMs: requestTimeoutMs,
      });
      if (status === 404) return { hsDir, state: 'nothing' };
      if (status !== 200) throw new TorError('DIR_STATUS', `the directory answered ${status} ${reason}`);
      const outer = parseOnionDescriptor(latin1(body), { nowMs: deps.clock.now(), blindedKey });
      const { revisionCounter, lifetimeSec, certExpiresMs } = outer;
      return { hsDir, state: 'holds', revisionCounter, lifetimeSec, certExpiresMs };
    } finally {
      circuit.close();
    }
  } catch (error) {
    return { hsDir, state: 'failed', error: TorError.from(error) };
  }
}
