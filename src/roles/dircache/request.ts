import { ByteQueue, latin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { parseHttpDate } from '../../network/directory/index.ts';

/** C tor's MAX_HEADERS_SIZE. */
export const maxHeaderBytes = 50_000;

export interface ServerRequest {
  readonly method: 'GET' | 'POST';
  /** From the slash on, without a scheme and host before it; always below `/tor/`. Latin-1. */
  readonly path: string;
  /** Names in lower case; of a name that comes twice, the first counts. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface RequestLimits {
  /** Longest body of a POST. */
  readonly maxBodyBytes: number;
}

const headEnd = [13, 10, 13, 10];

/**
 * Reads one request as its bytes come, and no more than that: what follows is ignored, as in C tor, which answers once
 * and closes. Throws DIR_HTTP (not a request at all: to be closed without an answer) and DIR_TOO_LARGE.
 */
export class RequestReader {
  readonly #limits: RequestLimits;
  readonly #queue = new ByteQueue();
  #scanned = 0;
  #head: { readonly text: string; readonly contentLength: number } | undefined;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Takes a chunk, which must not change afterwards; the request once it is whole. */
  push(chunk: Uint8Array): ServerRequest | undefined {
    this.#queue.push(chunk);
    this.#head ??= this.#findHead();
    const head = this.#head;
    if (head === undefined) return undefined;
    if (head.contentLength > this.#limits.maxBodyBytes || this.#queue.length > this.#limits.maxBodyBytes) {
      throw new TorError('DIR_TOO_LARGE', 'a directory request is too large');
    }
    if (this.#queue.length < head.contentLength) return undefined;
    const body = this.#queue.take(head.contentLength) ?? new Uint8Array(0);
    return { ...parseRequestHead(head.text), body };
  }

  #findHead(): { readonly text: string; readonly contentLength: number } | undefined {
    const length = this.#headLength();
    if (length === undefined) {
      if (this.#queue.length > maxHeaderBytes) throw new TorError('DIR_TOO_LARGE', 'the headers are too long');
      return undefined;
    }
    if (length >= maxHeaderBytes) throw new TorError('DIR_TOO_LARGE', 'the headers are too long');
    const text = latin1(this.#queue.take(length) ?? new Uint8Array(0));
    return { text, contentLength: contentLengthOf(text) };
  }

  #headLength(): number | undefined {
    for (; this.#scanned + 4 <= this.#queue.length && this.#scanned <= maxHeaderBytes; this.#scanned++) {
      if (headEnd.every((byte, i) => this.#queue.at(this.#scanned + i) === byte)) return this.#scanned + 4;
    }
    return undefined;
  }
}

function contentLengthOf(text: string): number {
  const value = /\r\nContent-Length: ([^\n]*)/.exec(text)?.[1];
  if (value === undefined) return 0;
  // As C's strtoul reads it.
  if (!/^\s*\+?\d{1,10}\s*$/.test(value) || Number(value) > 0x7fffffff) {
    throw new TorError('DIR_HTTP', 'Content-Length cannot be read');
  }
  return Number(value);
}

/** `path` is empty when the request line cannot be read: to be answered with 400. Throws DIR_HTTP for other methods. */
export function parseRequestHead(text: string): Omit<ServerRequest, 'body'> {
  const [first = '', ...lines] = text.split('\r\n');
  const method = /^(GET|POST)/i.exec(first)?.[1]?.toUpperCase();
  if (method !== 'GET' && method !== 'POST') throw new TorError('DIR_HTTP', 'neither GET nor POST');
  const target = /^[^ \t]+[ \t]+([^ \t]+)[ \t]+HTTP\/1\.\d{1,9}$/.exec(first)?.[1] ?? '';
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, line.slice(colon + 2));
  }
  // Proxies put the host before the path.
  const path = /^https?:\/\/[^/]*(\/.*)$/.exec(target)?.[1] ?? target;
  return { method, path: method === 'GET' ? belowTor(path) : path, headers };
}

/** Such as `/robots.txt`; what is asked for is always below `/tor/` (C tor parse_http_url). */
function belowTor(path: string): string {
  if (path === '' || path.startsWith('/tor/')) return path;
  return path.startsWith('/') ? `/tor${path}` : `/tor/${path}`;
}

/** Undefined for none and for what cannot be read, as C tor wants it. */
export function modifiedSince(request: Pick<ServerRequest, 'headers'>): number | undefined {
  const text = request.headers.get('if-modified-since');
  return text === undefined ? undefined : parseHttpDate(text);
}
