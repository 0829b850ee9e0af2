/** `YYYY-MM-DD HH:MM:SS` in UTC; parts of a second are left out. */
export const formatIsoTime = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const isoTime = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/;

/** Undefined when it is no such time. */
export function parseIsoTime(text: string): number | undefined {
  if (!isoTime.test(text)) return undefined;
  const ms = Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
