import { fromLatin1, latin1 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Emitter } from '../../../base/util/index.ts';
import type { CircuitManager } from '../../../network/circuits/index.ts';
import type { DirRequester } from '../../../network/directory/index.ts';
import type { Relay } from '../../../network/netdir/index.ts';
import type { OnionServiceEvents } from './events.ts';
import type { PeriodDescriptor } from './period-descriptor.ts';

const uploadTimeoutMs = 60_000;
const attemptsPerHsDir = 3;

/** A directory counts as unreachable only when so many paths to it failed. */
const pathsTried = 3;

export interface PublisherDeps {
  readonly circuits: Pick<CircuitManager, 'circuitTo'>;
  readonly dirRequest: DirRequester;
  readonly events: Emitter<OnionServiceEvents>;
}

export interface Upload {
  readonly descriptor: PeriodDescriptor;
  readonly text: string;
  readonly hsDirs: readonly Relay[];
  readonly tag: string;
  readonly signal: AbortSignal;
}

/**
 * Brings one descriptor to all its directories at once. Resolves with the number that took it; a directory that fails is
 * asked again, up to three times in all. spec: rend-spec-v3 2.2.6
 */
export async function upload(deps: PublisherDeps, job: Upload): Promise<number> {
  const results = await Promise.all(job.hsDirs.map((hsDir) => uploadTo(deps, job, hsDir)));
  return results.filter((taken) => taken).length;
}

async function uploadTo(deps: PublisherDeps, job: Upload, hsDir: Relay): Promise<boolean> {
  const { blindedKey, periodNumber } = job.descriptor;
  const about = { relay: hsDir.fingerprint, periodNumber, blindedKey };
  for (let attempt = 1; !job.signal.aborted; attempt++) {
    deps.events.emit('uploading', about);
    try {
      await post(deps, job, hsDir);
      deps.events.emit('uploaded', about);
      return true;
    } catch (thrown) {
      const error = TorError.from(thrown);
      if (job.signal.aborted) return false;
      deps.events.emit('uploadFailed', { relay: hsDir.fingerprint, periodNumber, error });
      // A directory that read the descriptor and refused it will do so again.
      if (error.code === 'DIR_STATUS' || attempt >= attemptsPerHsDir) return false;
    }
  }
  return false;
}

async function post(deps: PublisherDeps, job: Upload, hsDir: Relay): Promise<void> {
  const circuit = await deps.circuits.circuitTo('hs-service-hsdir', hsDir, {
    tag: job.tag,
    signal: job.signal,
    attempts: pathsTried,
  });
  try {
    const response = await deps.dirRequest(circuit, {
      method: 'POST',
      path: '/tor/hs/3/publish',
      body: fromLatin1(job.text),
      compression: 'identity',
      timeoutMs: uploadTimeoutMs,
      signal: job.signal,
    });
    if (response.status !== 200) {
      throw new TorError('DIR_STATUS', `the directory answered ${response.status} ${response.reason}`, {
        facts: { status: response.status, body: latin1(response.body.subarray(0, 100)) },
      });
    }
  } finally {
    circuit.close();
  }
}
