import { TorError } from '../../base/errors/index.ts';
import type { Timers } from '../../base/runtime/index.ts';
import { endReasonName, type ResolvedAnswer } from '../../wire/relaymsg/index.ts';
import type { StreamTable } from '../stream/index.ts';

/** A RESOLVE as a promise. Rejects with STREAM_ENDED, TIMEOUT. */
export function askResolve(
  streams: StreamTable,
  timers: Timers,
  name: string,
  timeoutMs: number | undefined,
): Promise<readonly ResolvedAnswer[]> {
  return new Promise((resolve, reject) => {
    const giveUp = streams.resolve(name, (outcome) => {
      timer?.cancel();
      if ('reason' in outcome) {
        const facts = { reason: outcome.reason, reasonName: endReasonName(outcome.reason), remote: outcome.remote };
        reject(new TorError('STREAM_ENDED', `the exit did not resolve: ${facts.reasonName}`, { facts }));
      } else {
        resolve(outcome.map(keep));
      }
    });
    const timer =
      timeoutMs === undefined
        ? undefined
        : timers.after(timeoutMs, () => {
            giveUp();
            reject(new TorError('TIMEOUT', 'the exit did not resolve in time'));
          });
  });
}

/** Answers point into the receive buffer. */
const keep = (answer: ResolvedAnswer): ResolvedAnswer =>
  answer.kind === 'ipv4' || answer.kind === 'ipv6' ? { ...answer, address: answer.address.slice() } : answer;
