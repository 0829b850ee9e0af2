const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-21 10:00:00`, UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** `2026-11-21T10:00:00.000000`, UTC: times inside an event's arguments. */
export function isoTimeMicro(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000`;
}

/** `2026-11-21 10:00:00` in the machine's own zone, as ADDRMAP's first time is. */
export function isoTimeLocal(ms: number): string {
  const t = new Date(ms);
  const date = `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
  return `${date} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}
