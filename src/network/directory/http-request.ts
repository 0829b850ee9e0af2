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

const rfc1123 = /^\w{3}, (\d{1,2}) (\w{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/** Milliseconds since 1970, or undefined for anything but an RFC 1123 time. */
export function parseHttpDate(text: string): number | undefined {
  const match = rfc1123.exec(text.trim());
  const month = match === null ? -1 : months.indexOf(match[2] as string);
  if (match === null || month < 0) return undefined;
  const [day, year, hour, minute, second] = [match[1], match[3], match[4], match[5], match[6]].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month, day, hour, minute, second);
}
