/** The lower of the two middle values when there are two, as C tor takes it. Undefined for none. */
export function lowMedian(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
}

/** The most frequent of sorted values; of several the last. */
export function mostFrequent<T>(sorted: readonly T[], equal: (a: T, b: T) => boolean): T | undefined {
  let best: T | undefined;
  let bestCount = 0;
  for (let start = 0; start < sorted.length; ) {
    const value = sorted[start] as T;
    let end = start + 1;
    while (end < sorted.length && equal(value, sorted[end] as T)) end++;
    if (end - start >= bestCount) {
      best = value;
      bestCount = end - start;
    }
    start = end;
  }
  return best;
}

/** The most frequent of some texts; of several the last by `compare`, byte order when left out. */
export function mostFrequentText(
  texts: readonly string[],
  compare: (a: string, b: string) => number = compareText,
): string | undefined {
  const [first] = texts;
  if (first === undefined || texts.every((text) => text === first)) return first;
  return mostFrequent([...texts].sort(compare), (a, b) => a === b);
}

/** The members of a sorted list that stand in it more than `min` times. */
export function frequentMembers(sorted: readonly string[], min: number): string[] {
  const found: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start + 1;
    while (end < sorted.length && sorted[end] === sorted[start]) end++;
    if (end - start > min) found.push(sorted[start] as string);
    start = end;
  }
  return found;
}

/** Byte order, as documents are one character a byte. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
