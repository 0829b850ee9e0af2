const form = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})$/;

/** Seconds since 1970 of `2026-11-21 10:12:26` or `2026-11-21T10:12:26` (UTC); undefined when it is no such time. */
export function parseIsoTime(text: string): number | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  return year < 1970 || Number.isNaN(ms) ? undefined : ms / 1000;
}

/** `2026-11-21 10:12:26`, UTC. */
export function formatIsoTime(seconds: number, separator: ' ' | 'T' = ' '): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19).replace('T', separator);
}
