import { ByteQueue, latin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** C tor's MAX_HEADERS_SIZE and MAX_DIR_DL_SIZE. */
export const maxHeaderBytes = 50_000;
export const maxBodyBytes = (1 << 24) - 1;

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; of a name that comes twice, the first counts. */
  readonly headers: ReadonlyMap<string, string>;
}

const headEnd = [13, 10, 13, 10];

/** Reads one HTTP/1.0 answer as bytes arrive. Every method throws DIR_HTTP or DIR_TOO_LARGE on what C tor refuses. */
export class HttpResponseReader {
  readonly #maxBodyBytes: number;
  readonly #queue = new ByteQueue();
  #scanned = 0;
  #head: ResponseHead | undefined;
  #contentLength: number | undefined;

  constructor(options: { readonly maxBodyBytes?: number } = {}) {
    this.#maxBodyBytes = Math.min(options.maxBodyBytes ?? maxBodyBytes, maxBodyBytes);
  }

  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** Body bytes so far, still compressed. */
  get bodyLength(): number {
    return this.#head === undefined ? 0 : this.#queue.length;
  }

  /** True when Content-Length is known and reached: nothing more needs to be read. */
  get complete(): boolean {
    return this.#contentLength !== undefined && this.#queue.length >= this.#contentLength;
  }

  /** Takes a chunk, which must not change afterwards. */
  push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
    if (this.#head === undefined) this.#findHead();
    if (this.#head !== undefined && this.#queue.length > this.#maxBodyBytes) {
      throw new TorError('DIR_TOO_LARGE', undefined, { facts: { limit: this.#maxBodyBytes } });
    }
  }

  /** The end of the stream: the whole answer. `allowPartial` lets a cut body pass (documents that stand alone). */
  finish(allowPartial: boolean): { readonly head: ResponseHead; readonly body: Uint8Array } {
    const head = this.#head;
    if (head === undefined) throw new TorError('DIR_HTTP', 'the answer ends within its headers');
    const wanted = this.#contentLength;
    if (wanted !== undefined && this.#queue.length < wanted && !allowPartial) {
      throw new TorError('DIR_HTTP', 'the answer ends within its body', {
        facts: { wanted, have: this.#queue.length },
      });
    }
    const length = Math.min(wanted ?? this.#queue.length, this.#queue.length);
    return { head, body: this.#queue.take(length) ?? new Uint8Array(0) };
  }

  #findHead(): void {
    const length = this.#headLength();
    if (length === undefined) {
      if (this.#queue.length > maxHeaderBytes) throw new TorError('DIR_HTTP', 'the headers are too long');
      return;
    }
    if (length >= maxHeaderBytes) throw new TorError('DIR_HTTP', 'the headers are too long');
    this.#head = parseHead(latin1(this.#queue.take(length) as Uint8Array));
    this.#contentLength = contentLength(this.#head.headers.get('content-length'));
  }

  #headLength(): number | undefined {
    for (; this.#scanned + 4 <= this.#queue.length && this.#scanned <= maxHeaderBytes; this.#scanned++) {
      if (headEnd.every((byte, i) => this.#queue.at(this.#scanned + i) === byte)) return this.#scanned + 4;
    }
    return undefined;
  }
}

/** Status line and headers. Throws DIR_HTTP. */
export function parseHead(text: string): ResponseHead {
  const [statusLine = '', ...lines] = text.trimStart().split('\n');
  const match = /^HTTP\/1\.[01] +(\d{3})(?: +(.*?))?\s*$/.exec(statusLine);
  const status = Number(match?.[1] ?? 0);
  if (match === null || status < 100 || status >= 600) throw new TorError('DIR_HTTP', 'the status line cannot be read');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { status, reason: match[2] ?? '', headers };
}

function contentLength(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (value > 0x7fffffff) throw new TorError('DIR_HTTP', 'Content-Length cannot be read');
  return value;
}
