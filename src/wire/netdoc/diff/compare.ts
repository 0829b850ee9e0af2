import type { Changes } from './ed.ts';

/** Which lines two consensuses do not share, found entry by entry: entries are in order of their identities. */
export function compareConsensuses(from: readonly string[], to: readonly string[]): Changes {
  const changes = { from: new Uint8Array(from.length), to: new Uint8Array(to.length) };
  let fromStart = 0;
  let toStart = 0;
  for (const [fromEnd, toEnd] of commonEntries(from, to)) {
    comparePart(from, [fromStart, fromEnd], to, [toStart, toEnd], changes);
    [fromStart, toStart] = [fromEnd, toEnd];
  }
  comparePart(from, [fromStart, from.length], to, [toStart, to.length], changes);
  return changes;
}

const entryForm = /^r [^ ]* ([A-Za-z0-9+/]+)/;

/** Lines at which entries of the same relay begin, in order in both. */
function commonEntries(from: readonly string[], to: readonly string[]): [number, number][] {
  const known = new Map<string, number>();
  for (let i = 0; i < from.length; i++) {
    const id = identityAt(from[i] as string);
    if (id !== undefined && !known.has(id)) known.set(id, i);
  }
  const common: [number, number][] = [];
  let last = -1;
  for (let j = 0; j < to.length; j++) {
    const id = identityAt(to[j] as string);
    const i = id === undefined ? undefined : known.get(id);
    if (i === undefined || i <= last) continue;
    common.push([i, j]);
    last = i;
  }
  return common;
}

const identityAt = (line: string): string | undefined =>
  line.startsWith('r ') ? entryForm.exec(line)?.[1] : undefined;

type Range = readonly [start: number, end: number];

function comparePart(from: readonly string[], a: Range, to: readonly string[], b: Range, changes: Changes): void {
  let [aStart, aEnd] = a;
  let [bStart, bEnd] = b;
  while (aStart < aEnd && bStart < bEnd && from[aStart] === to[bStart]) {
    aStart++;
    bStart++;
  }
  while (aStart < aEnd && bStart < bEnd && from[aEnd - 1] === to[bEnd - 1]) {
    aEnd--;
    bEnd--;
  }
  changes.from.fill(1, aStart, aEnd);
  changes.to.fill(1, bStart, bEnd);
  if ((aEnd - aStart) * (bEnd - bStart) <= largestTable) keepCommon(from, [aStart, aEnd], to, [bStart, bEnd], changes);
}

/** Above this many pairs of lines the whole part is replaced. */
const largestTable = 1_000_000;

/** Clears the marks of a longest common subsequence. */
function keepCommon(from: readonly string[], a: Range, to: readonly string[], b: Range, changes: Changes): void {
  const rows = a[1] - a[0];
  const columns = b[1] - b[0];
  if (rows === 0 || columns === 0) return;
  const width = columns + 1;
  const lengths = new Uint16Array((rows + 1) * width);
  const lengthAt = (row: number, column: number): number => lengths[row * width + column] as number;
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      lengths[row * width + column] =
        from[a[0] + row] === to[b[0] + column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1));
    }
  }
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    if (from[a[0] + row] === to[b[0] + column]) {
      changes.from[a[0] + row++] = 0;
      changes.to[b[0] + column++] = 0;
    } else if (lengthAt(row + 1, column) >= lengthAt(row, column + 1)) row++;
    else column++;
  }
}
