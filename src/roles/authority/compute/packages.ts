import type { Vote } from '../../../wire/netdoc/index.ts';
import { compareText, mostFrequentText } from './statistics.ts';

const packageForm = /^[^ ]+ [^ ]+ [^ ]+(?: [^= ]+=[^= ]+)+$/;
const minVotes = 3;

/** The `package` lines of methods before 34: what more than half of three or more votes say of a package's version. */
export function packageLines(votes: readonly Pick<Vote, 'packages'>[]): string {
  const byPackage = new Map<string, Map<number, string>>();
  for (const [i, { packages }] of votes.entries()) {
    for (const line of packages) {
      if (!packageForm.test(line)) continue;
      const key = line.split(' ', 2).join(' ');
      const voted = byPackage.get(key) ?? new Map<number, string>();
      voted.set(i, line);
      byPackage.set(key, voted);
    }
  }
  const lines: string[] = [];
  for (const voted of byPackage.values()) {
    const texts = [...voted.values()];
    const best = mostFrequentText(texts) as string;
    const count = texts.filter((text) => text === best).length;
    if (texts.length >= minVotes && count > Math.floor(texts.length / 2)) lines.push(`package ${best}\n`);
  }
  return lines.sort(compareText).join('');
}
