import { type ErrorCode, TorError } from '../../base/errors/index.ts';
import { EndReason } from '../../wire/relaymsg/index.ts';
import { LocalEndReason, SocksStatus } from '../../wire/socks/index.ts';

/** What an application is told of a failure. */
export interface Failure {
  /** An `EndReason` or `LocalEndReason`. */
  readonly reason: number;
  /** For ports with ExtendedErrors. spec: proposal 304 */
  readonly extended?: SocksStatus;
}

const onionFailures: Partial<Record<ErrorCode, Failure>> = {
  ONION_ADDRESS_INVALID: { reason: EndReason.TORPROTOCOL, extended: SocksStatus.onionBadAddress },
  ONION_DESCRIPTOR_NOT_FOUND: { reason: EndReason.RESOLVEFAILED, extended: SocksStatus.onionNotFound },
  ONION_DESCRIPTOR_INVALID: { reason: EndReason.RESOLVEFAILED, extended: SocksStatus.onionInvalid },
  ONION_INTRO_FAILED: { reason: EndReason.RESOLVEFAILED, extended: SocksStatus.onionIntroFailed },
  ONION_INTRO_TIMED_OUT: { reason: EndReason.RESOLVEFAILED, extended: SocksStatus.onionIntroTimedOut },
  ONION_RENDEZVOUS_FAILED: { reason: EndReason.TIMEOUT, extended: SocksStatus.onionRendFailed },
  ONION_AUTH_MISSING: { reason: EndReason.MISC, extended: SocksStatus.onionMissingAuth },
  ONION_AUTH_WRONG: { reason: EndReason.MISC, extended: SocksStatus.onionWrongAuth },
};

/** The reasons C tor gives applications for what went wrong inside. */
export function failureOf(error: unknown): Failure {
  const known = TorError.from(error);
  const onion = onionFailures[known.code];
  if (onion !== undefined) return onion;
  switch (known.code) {
    case 'STREAM_FAILED':
    case 'STREAM_ENDED':
      return { reason: numberFact(known, 'reason') ?? EndReason.MISC };
    case 'TIMEOUT':
      return { reason: EndReason.TIMEOUT };
    case 'ABORTED':
      return { reason: EndReason.DONE };
    case 'INTERNAL':
      return { reason: EndReason.INTERNAL };
    default:
      return { reason: LocalEndReason.CANT_ATTACH };
  }
}

function numberFact(error: TorError, name: string): number | undefined {
  const value = error.facts[name];
  return typeof value === 'number' ? value : undefined;
}
