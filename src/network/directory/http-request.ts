import { concatBytes, fromLatin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { supportedEncodings } from './compression.ts';
import type { DirRequest } from './types.ts';

/**
 * A request as C tor's client writes it: HTTP/1.0, Host first, then the headers in the order C tor adds them.
 *
 * C tor sends Accept-Encoding only when the directory sees who asks (one hop): an anonymous request shall look like any
 * other. spec: dir-spec 6.1
 */
export function encodeHttpRequest(request: DirRequest, host: string): Uint8Array {
  const lines = [`${request.method} ${request.path} HTTP/1.0`, `Host: ${host}`];
  if (request.ifModifiedSinceMs !== undefined) lines.push(`If-Modified-Since: ${httpDate(request.ifModifiedSinceMs)}`);
  if (request.compression !== 'identity') lines.push(`Accept-Encoding: ${supportedEncodings().join(', ')}`);
  for (const [name, value] of Object.entries(request.headers ?? {})) lines.push(`${name}: ${value}`);
  const body = request.body ?? new Uint8Array(0);
  if (request.method === 'POST' || body.length > 0) lines.push(`Content-Length: ${body.length}`);
  if (lines.some((line) => /[\r\n]/.test(line))) throw new TorError('INTERNAL', 'a line break in a directory request');
  return concatBytes(fromLatin1(`${lines.join('\r\n')}\r\n\r\n`), body);
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** RFC 1123 time, as HTTP writes it. */
export function httpDate(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${days[date.getUTCDay()]}, ${two(date.getUTCDate())} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT`;
}

/** C's scanf stops at the zone, so whatever stands there counts as GMT. */
const dateForms: readonly RegExp[] = [
  /^[^,]*, +(?<day>\d{1,2})\s+(?<month>[a-z]{3})\s+(?<year>\d{4})\s+(?<hour>\d{1,2}):(?<minute>\d{1,2}):(?<second>\d{1,2})/i,
  /^\s*[a-z]{3}\s+(?<month>[a-z]{3})\s+(?<day>\d{1,2})\s+(?<hour>\d{1,2}):(?<minute>\d{1,2}):(?<second>\d{1,2})\s+(?<year>\d{4})/i,
];

/**
 * Milliseconds since 1970 of a time as RFC 1123 or C's asctime writes it; undefined for anything else. RFC 850's two
 * digits of a year are no time either: C tor takes them for the first century's.
 */
export function parseHttpDate(text: string): number | undefined {
  const groups = dateForms.map((form) => form.exec(text)?.groups).find((found) => found !== undefined);
  const month = months.findIndex((name) => name.toLowerCase() === groups?.month?.toLowerCase());
  if (groups === undefined || month < 0) return undefined;
  const [day = 0, year = 0, hour = 0, minute = 0, second = 0] = ['day', 'year', 'hour', 'minute', 'second'].map(
    (name) => Number(groups[name]),
  );
  if (year < 1900 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  return Date.UTC(year, month, day, hour, minute, second);
}
