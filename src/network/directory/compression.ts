import * as zlib from 'node:zlib';
import { TorError } from '../../base/errors/index.ts';

/** Output this small is never a bomb; above it, output may be this many times the input. As in C tor. */
export const bombCheckAfterBytes = 5 * 1024 * 1024;
export const maxCompressionFactor = 25;

type Method = 'deflate' | 'gzip' | 'x-zstd';

/** In the order of preference in which C tor's client names them; we have no LZMA. */
export function supportedEncodings(): readonly string[] {
  return zstdDecompress() === undefined ? ['deflate', 'gzip', 'identity'] : ['x-zstd', 'deflate', 'gzip', 'identity'];
}

export interface DecompressOptions {
  /** As the Content-Encoding header says it; undefined without one. */
  readonly encoding: string | undefined;
  readonly maxBytes: number;
  /** Take what a truncated stream gives. */
  readonly allowPartial: boolean;
  /** Only deflate and gzip. */
  readonly anonymous: boolean;
}

/**
 * The body as the directory meant it. Like C tor, first believes the header, then the look of the body. Rejects with
 * DIR_COMPRESSION: broken or truncated data, a method that is not allowed, a compression bomb (fact `bomb`).
 */
export async function decompressBody(body: Uint8Array, options: DecompressOptions): Promise<Uint8Array> {
  const declared = methodOf(options.encoding);
  const plausible = looksLikeText(body);
  if (declared === 'identity' && plausible) return body;
  const guessed = guessMethod(body);
  const tries = [...new Set([declared, guessed])].filter((method) => method !== 'identity' && method !== undefined);
  let failure = new TorError('DIR_COMPRESSION', 'the body is neither text nor compressed as far as we know');
  for (const method of tries) {
    if (options.anonymous && method === 'x-zstd') {
      throw new TorError('DIR_COMPRESSION', 'zstd is refused on an anonymous connection');
    }
    try {
      return await decompress(method, body, options);
    } catch (error) {
      failure = TorError.from(error, 'DIR_COMPRESSION');
      if (failure.facts.bomb === true) throw failure;
    }
  }
  if (plausible) return body;
  throw failure;
}

function methodOf(encoding: string | undefined): Method | 'identity' | undefined {
  switch (encoding) {
    case undefined:
    case 'identity':
      return 'identity';
    case 'x-gzip':
      return 'gzip';
    case 'deflate':
    case 'gzip':
    case 'x-zstd':
      return encoding;
    default:
      return undefined;
  }
}

function guessMethod(body: Uint8Array): Method | undefined {
  const [b0, b1, b2, b3] = body;
  if (b0 === undefined || b1 === undefined || b2 === undefined) return undefined;
  if (b0 === 0x1f && b1 === 0x8b) return 'gzip';
  if ((b0 & 0x0f) === 8 && ((b0 << 8) | b1) % 31 === 0) return 'deflate';
  if (b0 === 0x28 && b1 === 0xb5 && b2 === 0x2f && b3 === 0xfd) return 'x-zstd';
  return undefined;
}

function looksLikeText(body: Uint8Array): boolean {
  if (body.length === 0) return true;
  return (
    body.length >= 32 &&
    body.subarray(0, 32).every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13))
  );
}

/** Handles several compressed streams one behind the other; the bomb check counts over all of them. */
async function decompress(method: Method, body: Uint8Array, options: DecompressOptions): Promise<Uint8Array> {
  const bombLimit = Math.max(bombCheckAfterBytes, body.length * maxCompressionFactor);
  const limit = Math.min(options.maxBytes, bombLimit);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let at = 0; at < body.length; ) {
    const { output, consumed } = await inflateOne(method, body.subarray(at), limit - length, options.allowPartial);
    parts.push(output);
    length += output.length;
    if (consumed === 0) break;
    at += consumed;
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : new Uint8Array(Buffer.concat(parts));
}

interface Inflated {
  readonly output: Uint8Array;
  readonly consumed: number;
}

function inflateOne(method: Method, input: Uint8Array, room: number, allowPartial: boolean): Promise<Inflated> {
  const run = method === 'gzip' ? zlib.gunzip : method === 'deflate' ? zlib.inflate : zstdDecompress();
  if (run === undefined) throw new TorError('DIR_COMPRESSION', 'this Node.js has no zstd');
  // One byte more than the room, so that exactly the limit still passes.
  const options = { maxOutputLength: room + 1, info: true, ...(allowPartial ? partialFlush(method) : {}) };
  return new Promise((resolve, reject) => {
    (run as Decompressor)(input, options, (error, result) => {
      if (error !== null) reject(compressionError(error));
      else if (result.buffer.length > room) reject(bombError());
      else resolve({ output: new Uint8Array(result.buffer), consumed: result.engine.bytesWritten });
    });
  });
}

const partialFlush = (method: Method): { finishFlush: number } => ({
  finishFlush: method === 'x-zstd' ? 1 : zlib.constants.Z_SYNC_FLUSH,
});

type Decompressor = (
  input: Uint8Array,
  options: object,
  done: (error: Error | null, result: { buffer: Uint8Array; engine: { bytesWritten: number } }) => void,
) => void;

/** Node has zstd from 22.15 on. */
function zstdDecompress(): Decompressor | undefined {
  const candidate: unknown = Reflect.get(zlib, 'zstdDecompress');
  return typeof candidate === 'function' ? (candidate as Decompressor) : undefined;
}

const bombError = (): TorError =>
  new TorError('DIR_COMPRESSION', 'a possible compression bomb was given up', { facts: { bomb: true } });

function compressionError(error: Error): TorError {
  if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return bombError();
  return new TorError('DIR_COMPRESSION', `the body does not decompress: ${error.message}`, { cause: error });
}
