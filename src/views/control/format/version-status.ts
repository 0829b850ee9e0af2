/** How our version stands to those the consensus recommends. spec: control-spec 3.9 status/version/current */
export function torVersionStatus(version: string, recommended: readonly string[] | undefined): string {
  const own = numbersOf(version);
  if (recommended === undefined || own === undefined) return 'unknown';
  const listed = recommended.filter((text) => text !== '');
  if (listed.length === 0) return 'none recommended';
  const others = listed.flatMap((text) => {
    const numbers = numbersOf(text);
    return numbers === undefined ? [] : [numbers];
  });
  if (others.some((other) => compare(own, other) === 0)) return 'recommended';
  const series = others.filter((other) => other.slice(0, 3).join('.') === own.slice(0, 3).join('.'));
  if (others.every((other) => compare(own, other) > 0)) return 'new';
  if (series.length > 0 && series.every((other) => compare(own, other) > 0)) return 'new in series';
  return others.every((other) => compare(own, other) < 0) ? 'obsolete' : 'unrecommended';
}

function numbersOf(text: string): number[] | undefined {
  const match = /^(?:Tor )?(\d+)\.(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match === null ? undefined : match.slice(1, 5).map((part) => Number(part ?? 0));
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 4; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
