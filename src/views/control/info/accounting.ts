import type { InfoScope } from '../context.ts';
import { isoTime } from '../format/time.ts';
import type { InfoTable } from './info-keys.ts';

const stateNames = { awake: 'awake', soft: 'soft', hard: 'hard' } as const;

const accountingOf = ({ context }: InfoScope) => context.deps.parts.relay?.relay.accounting;
const used = (scope: InfoScope) => accountingOf(scope)?.used ?? { read: 0, written: 0 };

function time(which: 'startMs' | 'endMs' | 'wakeMs') {
  return (scope: InfoScope): string => isoTime(accountingOf(scope)?.interval[which] ?? 0);
}

/** Read and written; what AccountingRule does not count is never used up. */
function left(scope: InfoScope): string {
  const { options } = scope.context.deps.configuration;
  const limit = options.get('AccountingMax');
  const { read, written } = used(scope);
  const rest = (bytes: number): number => Math.max(0, limit - bytes);
  switch (options.get('AccountingRule')) {
    case 'sum':
      return `${rest(read + written)} ${rest(read + written)}`;
    case 'in':
      return `${rest(read)} ${limit}`;
    case 'out':
      return `${limit} ${rest(written)}`;
    default:
      return `${rest(read)} ${rest(written)}`;
  }
}

/** AccountingMax: how much of it is used, and until when. */
export const accountingInfo: InfoTable = {
  'accounting/enabled': {
    help: 'Is accounting currently enabled?',
    get: ({ context }) => (context.deps.configuration.options.get('AccountingMax') > 0 ? '1' : '0'),
  },
  'accounting/hibernating': {
    help: 'Are we hibernating or awake?',
    get: (scope) => stateNames[accountingOf(scope)?.state ?? 'awake'],
  },
  'accounting/bytes': {
    help: 'Number of bytes read/written so far in the accounting interval.',
    get: (scope) => `${used(scope).read} ${used(scope).written}`,
  },
  'accounting/bytes-left': {
    help: 'Number of bytes left to write/read so far in the accounting interval.',
    get: left,
  },
  'accounting/interval-start': { help: 'Time when the accounting period starts.', get: time('startMs') },
  'accounting/interval-wake': { help: 'Time to wake up in this accounting period.', get: time('wakeMs') },
  'accounting/interval-end': { help: 'Time when the accounting period ends.', get: time('endMs') },
};
