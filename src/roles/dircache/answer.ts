import { fromLatin1 } from '../../base/bytes/index.ts';
import { isInternalIp, parseIp } from '../../base/ip/index.ts';
import { httpDate } from '../../network/directory/index.ts';
import type { Asker } from './content.ts';
import type { Encoding } from './negotiate.ts';

/** An answer without a body. */
export interface ShortAnswer {
  readonly status: number;
  readonly reason: string;
}

export interface ContentAnswer {
  readonly status: 200;
  /** Documents one behind the other, looked up as they are sent. Latin-1 text or bytes. */
  readonly parts: Iterable<string | Uint8Array>;
  /** How it is sent. */
  readonly encoding: Encoding;
  /** The parts are encoded that way already. */
  readonly encoded?: boolean;
  readonly type?: string;
  /** Only told when known; absent for what is compressed on the way. */
  readonly length?: number;
  /** Expires; 0: not to be cached; negative: nothing is said. */
  readonly lifetimeSec: number;
  readonly headers?: readonly string[];
  /** About how many bytes will go out, for the limit on bandwidth. */
  readonly estimate: number;
}

/** The long form without a body: an upload that was not new. */
export interface BareAnswer {
  readonly status: 200;
  readonly bareHeaders: readonly string[];
}

export type DirAnswer = ShortAnswer | ContentAnswer | BareAnswer;

export const notFound: ShortAnswer = { status: 404, reason: 'Not found' };
export const notModified: ShortAnswer = { status: 304, reason: 'Not modified' };
export const busy: ShortAnswer = { status: 503, reason: 'Directory busy, try again later' };

export const hasContent = (answer: DirAnswer): answer is ContentAnswer => 'parts' in answer;

/** Status line and headers in C tor's order. */
export function encodeHead(answer: DirAnswer, asker: Asker, nowMs: number): Uint8Array {
  const date = `Date: ${httpDate(nowMs)}`;
  const lines = hasContent(answer)
    ? ['HTTP/1.0 200 OK', date, ...contentHeaders(answer, asker, nowMs)]
    : 'bareHeaders' in answer
      ? ['HTTP/1.0 200 OK', date, ...addressHeader(asker), ...answer.bareHeaders]
      : [`HTTP/1.0 ${answer.status} ${answer.reason}`, date];
  return fromLatin1(`${lines.join('\r\n')}\r\n\r\n`);
}

function contentHeaders(answer: ContentAnswer, asker: Asker, nowMs: number): string[] {
  const { type = 'text/plain', encoding, length, lifetimeSec } = answer;
  const lines = [`Content-Type: ${type}`, ...addressHeader(asker), `Content-Encoding: ${encoding}`];
  if (length !== undefined) lines.push(`Content-Length: ${length}`);
  if (lifetimeSec > 0) lines.push(`Expires: ${httpDate(nowMs + lifetimeSec * 1000)}`);
  else if (lifetimeSec === 0) lines.push('Pragma: no-cache');
  return [...lines, ...(answer.headers ?? [])];
}

/** Not for somebody near: with a forwarded port we would only tell our own router's address. */
function addressHeader({ address }: Asker): string[] {
  const ip = address === undefined ? undefined : parseIp(address);
  return ip === undefined || isInternalIp(ip) ? [] : [`X-Your-Address-Is: ${address}`];
}
