import { fromLatin1, latin1 } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import { applyCommands } from '../../src/wire/netdoc/diff/ed.ts';
import { applyConsensusDiff, makeConsensusDiff } from '../../src/wire/netdoc/index.ts';

export const name = 'consensus-diff';

/** Commands on a small base; and a diff between the two halves of the input must lead from one to the other. */
export function fuzz(data: Uint8Array): void {
  const lines = latin1(data).split('\n');
  quietly(() => void applyCommands(['a', 'b', 'c', 'd', 'e'], lines));
  const middle = lines.length >> 1;
  const from = `${lines.slice(0, middle).join('\n')}\n`;
  const to = `${lines.slice(middle).join('\n')}\n`;
  quietly(() => {
    const diff = makeConsensusDiff(from, to);
    if (applyConsensusDiff(from, diff) !== to) throw new Error('the diff leads elsewhere');
  });
}

function quietly(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug' || error.code === 'DIFF_MISMATCH') throw error;
  }
}

const half = 'network-status-version 3\nr a AAA x\ns Fast\nr b BBB x\ns Fast\ndirectory-signature x\n';

export const seeds = (): Uint8Array[] => [
  fromLatin1('4,$d\n2c\nx\ny\n.\n0a\nz\n.\n'),
  fromLatin1(half + half.replace('s Fast', 's Guard')),
];
