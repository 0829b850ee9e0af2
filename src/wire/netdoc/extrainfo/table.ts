import { anyWords, atLeast, KeywordTable, maybe, noWords, once } from '../meta/rules.ts';

/** Statistics that C tor knows: each once at most, in printable ASCII. */
const statistics = [
  'read-history',
  'write-history',
  'dirreq-stats-end',
  'dirreq-v2-ips',
  'dirreq-v3-ips',
  'dirreq-v2-reqs',
  'dirreq-v3-reqs',
  'dirreq-v2-share',
  'dirreq-v3-share',
  'dirreq-v2-resp',
  'dirreq-v3-resp',
  'dirreq-v2-direct-dl',
  'dirreq-v3-direct-dl',
  'dirreq-v2-tunneled-dl',
  'dirreq-v3-tunneled-dl',
  'entry-stats-end',
  'entry-ips',
  'cell-stats-end',
  'cell-processed-cells',
  'cell-queued-cells',
  'cell-time-in-queue',
  'cell-circuits-per-decile',
  'exit-stats-end',
  'exit-kibibytes-written',
  'exit-kibibytes-read',
  'exit-streams-opened',
];

function extraInfoTable(historic: boolean): KeywordTable {
  const since = historic ? maybe : once;
  return new KeywordTable({
    'extra-info': once(atLeast(2), { at: 'start' }),
    'router-signature': once(noWords, { object: 'needed', at: 'end' }),
    published: once('line'),
    'identity-ed25519': since(noWords, { object: 'needed' }),
    'router-sig-ed25519': since(atLeast(1)),
    ...Object.fromEntries(statistics.map((keyword) => [keyword, maybe(anyWords)])),
  });
}

export const currentTable = extraInfoTable(false);
export const historicTable = extraInfoTable(true);
