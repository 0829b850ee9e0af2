import type { Consensus } from '../../wire/netdoc/index.ts';
import { formatProtover, missingProtocols, type Protover } from '../../wire/protover/index.ts';

export interface ProtocolVerdict {
  /** As a protocol list. */
  readonly missing: string;
  /** Without them we must not go on; else they will be needed one day. */
  readonly required: boolean;
  /** C tor's words. */
  readonly message: string;
}

/** What the network wants to be spoken and we do not speak; undefined when all is well. spec: dir-spec 3.4.1 */
export function checkProtocols(
  consensus: Pick<
    Consensus,
    'requiredClientProtocols' | 'recommendedClientProtocols' | 'requiredRelayProtocols' | 'recommendedRelayProtocols'
  >,
  ours: Protover,
  role: 'client' | 'relay',
): ProtocolVerdict | undefined {
  const isClient = role === 'client';
  const required = isClient ? consensus.requiredClientProtocols : consensus.requiredRelayProtocols;
  const recommended = isClient ? consensus.recommendedClientProtocols : consensus.recommendedRelayProtocols;
  for (const [wanted, isRequired] of [
    [required, true],
    [recommended, false],
  ] as const) {
    const missing = formatProtover(missingProtocols(wanted, ours));
    if (missing !== '') return { missing, required: isRequired, message: words(missing, isRequired, role) };
  }
  return undefined;
}

function words(missing: string, required: boolean, role: string): string {
  const fate = required ? 'will not work' : 'will eventually stop working';
  return (
    `At least one protocol listed as ${required ? 'required' : 'recommended'} in the consensus is not supported by ` +
    `this version of Tor. You should upgrade. This version of Tor ${fate} as a ${role} on the Tor network. ` +
    `The missing protocols are: ${missing}`
  );
}
