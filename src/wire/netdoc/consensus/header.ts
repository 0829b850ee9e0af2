import { integerArg, numbersField, protoverField, sharedRandomField, timeField } from '../meta/fields.ts';
import { syntaxError } from '../meta/text.ts';
import type { Section, Token } from '../meta/tokenizer.ts';
import { parseHex20, parseInteger, parseQuad } from '../meta/values.ts';
import type { ConsensusContent, ConsensusFlavor, ConsensusVoter } from './types.ts';

export type ConsensusHeader = Omit<ConsensusContent, 'text' | 'digests' | 'relays' | 'bandwidthWeights' | 'signatures'>;

const intMax = 2 ** 31 - 1;
/** A voting interval below this is nonsense even in a test network (MIN_VOTE_INTERVAL_TESTING of C tor). */
const minIntervalMs = 10_000;
const minDelaySec = 2;

/** spec: dir-spec 3.4.1 */
export function parseHeader(section: Section): ConsensusHeader {
  const status = section.need('vote-status');
  if (status.args[0] !== 'consensus') throw section.error(status, 'not a consensus');
  const version = section.need('network-status-version');
  const flavor = version.args[1] ?? 'ns';
  if (flavor !== 'ns' && flavor !== 'microdesc') throw section.error(version, 'a consensus of an unknown flavour');
  const method = parseInteger(section.arg('consensus-method') ?? '1', 1, intMax);
  if (method === undefined) throw section.error(section.need('consensus-method'), 'consensus-method is no number');
  return {
    flavor: flavor satisfies ConsensusFlavor,
    method,
    ...parseTimes(section),
    clientVersions: versionsOf(section.arg('client-versions')),
    serverVersions: versionsOf(section.arg('server-versions')),
    knownFlags: section.need('known-flags').args,
    recommendedClientProtocols: protoverField(section, 'recommended-client-protocols'),
    recommendedRelayProtocols: protoverField(section, 'recommended-relay-protocols'),
    requiredClientProtocols: protoverField(section, 'required-client-protocols'),
    requiredRelayProtocols: protoverField(section, 'required-relay-protocols'),
    params: numbersField(section, 'params', true),
    sharedRandomPrevious: sharedRandomField(section, 'shared-rand-previous-value'),
    sharedRandomCurrent: sharedRandomField(section, 'shared-rand-current-value'),
    voters: parseVoters(section),
  };
}

export interface VotingTimes {
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  readonly voteDelaySec: number;
  readonly distDelaySec: number;
}

/** The times of a vote or consensus. Throws NETDOC_SYNTAX when they cannot belong together. */
export function parseTimes(section: Section): VotingTimes {
  const delay = section.need('voting-delay');
  const times = {
    validAfterMs: timeField(section, 'valid-after'),
    freshUntilMs: timeField(section, 'fresh-until'),
    validUntilMs: timeField(section, 'valid-until'),
    voteDelaySec: integerArg(section, delay, 0, minDelaySec, intMax),
    distDelaySec: integerArg(section, delay, 1, minDelaySec, intMax),
  };
  if (
    times.validAfterMs + minIntervalMs > times.freshUntilMs ||
    times.validAfterMs + 2 * minIntervalMs > times.validUntilMs
  ) {
    throw syntaxError('the interval of validity is too short');
  }
  return times;
}

const versionsOf = (line: string | undefined): readonly string[] =>
  line === undefined || line === '' ? [] : line.split(',');

/** One `dir-source` line. */
export function parseDirSource(section: Section, token: Token): Omit<ConsensusVoter, 'contact' | 'voteDigest'> {
  const word = (index: number): string => token.args[index] as string;
  const identity = parseHex20(word(1));
  const address = parseQuad(word(3));
  if (identity === undefined) throw section.error(token, 'dir-source has a bad identity');
  if (address === undefined) throw section.error(token, 'dir-source has a bad address');
  return {
    nickname: word(0),
    identity,
    hostname: word(2),
    address,
    dirPort: integerArg(section, token, 4, 0, 65535),
    orPort: integerArg(section, token, 5, 0, 65535),
  };
}

function parseVoters(section: Section): ConsensusVoter[] {
  const voters: { -readonly [key in keyof ConsensusVoter]: ConsensusVoter[key] }[] = [];
  for (const token of section.tokens) {
    if (token.rule === undefined) continue;
    const voter = voters.at(-1);
    if (token.keyword === 'dir-source') {
      voters.push({ ...parseDirSource(section, token), contact: undefined, voteDigest: undefined });
    } else if (token.keyword === 'contact') {
      if (voter === undefined || voter.contact !== undefined) throw section.error(token, 'contact is out of place');
      voter.contact = token.args[0];
    } else if (token.keyword === 'vote-digest') {
      if (voter === undefined || voter.voteDigest !== undefined)
        throw section.error(token, 'vote-digest is out of place');
      voter.voteDigest = parseHex20(token.args[0] as string);
      if (voter.voteDigest === undefined) throw section.error(token, 'vote-digest is no digest');
    }
  }
  return voters;
}
