import { decompressBody } from './compression.ts';
import type { HttpResponseReader } from './http-response.ts';
import type { DirRequest, DirResponse } from './types.ts';

/** Limits of a request that names none. */
export const exchangeDefaults = {
  connectTimeoutMs: 15_000,
  stallTimeoutMs: 300_000,
  maxBytes: 64 * 1024 * 1024,
} as const;

/** What was read off the wire, before decompression. */
export type RawResponse = ReturnType<HttpResponseReader['finish']>;

/** The answer as the asker wants it. Rejects with DIR_TOO_LARGE, DIR_COMPRESSION. */
export async function responseOf(raw: RawResponse, request: DirRequest, sentMs: number): Promise<DirResponse> {
  const { status, reason, headers } = raw.head;
  const body = await decompressBody(raw.body, {
    encoding: headers.get('content-encoding'),
    maxBytes: request.maxBytes ?? exchangeDefaults.maxBytes,
    allowPartial: request.allowPartial ?? false,
    anonymous: request.compression === 'identity',
  });
  return { status, reason, headers, body, sentMs };
}
