import { defaultPolicyLine } from '../../../roles/exit/index.ts';
import type { InfoScope } from '../context.ts';
import { refuse } from '../failure.ts';
import type { InfoTable } from './info-keys.ts';

function descriptor({ context }: InfoScope): string {
  const { relay } = context.deps.parts;
  if (relay === undefined) return refuse(552, 'Not running in server mode');
  return relay.descriptor?.text ?? refuse(551, 'Cannot generate descriptor');
}

/** Rules as the relay's descriptor has them. */
const ipv4Rules = (scope: InfoScope): readonly string[] => descriptor(scope).match(/^(?:accept|reject) .*$/gm) ?? [];

/** A descriptor has only a summary of these. */
function ipv6Rules(scope: InfoScope): readonly string[] {
  const [, verb, ports = ''] = /^ipv6-policy (accept|reject) (.*)$/m.exec(descriptor(scope)) ?? [];
  const rules = verb === undefined ? [] : ports.split(',').map((range) => `${verb}6 *:${range}`);
  return [...rules, verb === 'reject' ? 'accept6 *:*' : 'reject6 *:*'];
}

const privateRules = [
  ...['0.0.0.0/8', '169.254.0.0/16', '127.0.0.0/8', '192.168.0.0/16', '10.0.0.0/8', '172.16.0.0/12'],
  ...['[::]/8', '[fc00::]/7', '[fe80::]/10', '[fec0::]/10', '[ff00::]/8', '[::]/127'],
].map((net) => `reject ${net}:*`);

/** What a relay lets out. */
export const policyInfo: InfoTable = {
  'exit-policy/default': {
    help: 'The default value appended to the configured exit policy.',
    get: () => defaultPolicyLine,
  },
  'exit-policy/reject-private/default': {
    help: 'The default rules appended to the configured exit policy by ExitPolicyRejectPrivate.',
    get: () => privateRules.join(','),
  },
  'exit-policy/full': {
    help: 'The entire exit policy of onion router',
    get: (scope) => [...ipv4Rules(scope), ...ipv6Rules(scope)].join('\n'),
  },
  'exit-policy/ipv4': { help: 'IPv4 parts of exit policy', get: (scope) => ipv4Rules(scope).join('\n') },
  'exit-policy/ipv6': { help: 'IPv6 parts of exit policy', get: (scope) => ipv6Rules(scope).join('\n') },
};
