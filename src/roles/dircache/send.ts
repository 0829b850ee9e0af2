import { type Duplex, Readable, type Transform } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { TorError } from '../../base/errors/index.ts';
import { type ContentAnswer, type DirAnswer, encodeHead, hasContent } from './answer.ts';
import type { Asker } from './content.ts';
import type { Encoding } from './negotiate.ts';

const chunkLength = 16 * 1024;

/**
 * Writes an answer as fast as the asker reads: at most a chunk and a compressor's window wait in memory. Resolves when
 * everything is handed over and the end is told; rejects with what went wrong on the way.
 */
export async function sendAnswer(to: Duplex, answer: DirAnswer, asker: Asker, nowMs: number): Promise<void> {
  const head = encodeHead(answer, asker, nowMs);
  if (!hasContent(answer)) {
    to.end(head);
    await finished(to, { readable: false });
    return;
  }
  to.write(head);
  const source = Readable.from(chunksOf(answer), { objectMode: false, highWaterMark: chunkLength });
  const compressor = answer.encoded === true ? undefined : compressorFor(answer.encoding);
  if (compressor === undefined) await pipeline(source, to);
  else await pipeline(source, compressor, to);
}

function* chunksOf({ parts }: ContentAnswer): Generator<Buffer> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += chunkLength) {
      const chunk = typeof part === 'string' ? part.slice(at, at + chunkLength) : part.subarray(at, at + chunkLength);
      yield typeof chunk === 'string'
        ? Buffer.from(chunk, 'latin1')
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    }
  }
}

function compressorFor(encoding: Encoding): Transform | undefined {
  switch (encoding) {
    case 'identity':
      return undefined;
    case 'deflate':
      return zlib.createDeflate();
    case 'gzip':
      return zlib.createGzip();
    case 'x-zstd': {
      const make: unknown = Reflect.get(zlib, 'createZstdCompress');
      if (typeof make !== 'function') throw new TorError('INTERNAL', 'this Node.js has no zstd');
      return make() as Transform;
    }
  }
}
