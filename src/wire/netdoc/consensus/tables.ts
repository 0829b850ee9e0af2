import { any, anyWords, atLeast, exactly, KeywordTable, maybe, noWords, once, some } from '../meta/rules.ts';

export const consensusHeaderTable = new KeywordTable({
  'network-status-version': once(atLeast(1), { at: 'start' }),
  'vote-status': once(atLeast(1)),
  'valid-after': once('line'),
  'fresh-until': once('line'),
  'valid-until': once('line'),
  'voting-delay': once(atLeast(2)),
  'dir-source': some(atLeast(6)),
  contact: some('text'),
  'vote-digest': some(atLeast(1)),
  'known-flags': once(anyWords),
  'client-versions': maybe('line'),
  'server-versions': maybe('line'),
  'consensus-method': maybe(exactly(1)),
  params: maybe(anyWords),
  'shared-rand-previous-value': maybe(exactly(2)),
  'shared-rand-current-value': maybe(exactly(2)),
  'recommended-client-protocols': maybe('line'),
  'recommended-relay-protocols': maybe('line'),
  'required-client-protocols': maybe('line'),
  'required-relay-protocols': maybe('line'),
});

/** Router status entries of consensuses and votes. The words of `s` and `w` are split where they are read. */
const entryRules = {
  r: once(atLeast(7)),
  a: any(atLeast(1)),
  s: once('line'),
  v: maybe('line'),
  w: maybe('line'),
  p: maybe('line'),
  m: any('line'),
  id: any(atLeast(2)),
} as const;

export const entryTable = new KeywordTable({ ...entryRules, pr: once('line') });
/** Before 2017 there were no `pr` lines. */
export const archiveEntryTable = new KeywordTable({ ...entryRules, pr: maybe('line') });

export const footerTable = new KeywordTable({
  'directory-footer': maybe(noWords),
  'bandwidth-weights': maybe(anyWords),
  'directory-signature': any(atLeast(2), { object: 'needed' }),
});
