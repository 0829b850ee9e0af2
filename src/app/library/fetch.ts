import { type Dispatcher, fetch as undiciFetch } from 'undici';
import { TorError } from '../../base/errors/index.ts';

/** Rejects like fetch, but when Tor is the cause, with Tor's own error. */
export async function torFetch(
  dispatcher: Dispatcher,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  try {
    const request = isRequest(input) ? await asInit(input, init) : {};
    const url = isRequest(input) ? input.url : input;
    const options = { ...repeatable({ ...request, ...init }), dispatcher } as Parameters<typeof undiciFetch>[1];
    return (await undiciFetch(url, options)) as Response;
  } catch (error) {
    const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
    throw TorError.is(cause) ? cause : error;
  }
}

/** Bytes are given away with the first request, so that a redirect could not send them again; a Blob keeps them. */
function repeatable(init: RequestInit): RequestInit {
  const { body } = init;
  return body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? { ...init, body: new Blob([body]) } : init;
}

/** Also one of another copy of undici. */
const isRequest = (input: string | URL | Request): input is Request =>
  input instanceof Request ||
  (typeof input === 'object' && Object.prototype.toString.call(input) === '[object Request]');

/** Node's own Request belongs to another copy of undici: its parts are carried over. */
async function asInit(request: Request, init: RequestInit): Promise<RequestInit> {
  const { method, headers, redirect, signal, integrity, cache, credentials, keepalive } = request;
  const { referrer, referrerPolicy } = request;
  const body = init.body === undefined || init.body === null ? request.body : null;
  if (body !== null && (request.bodyUsed || body.locked))
    throw new TypeError('Cannot fetch a Request whose body was read already.');
  return {
    ...{ method, headers, redirect, signal, integrity, cache, credentials, keepalive, referrer, referrerPolicy },
    ...(body === null ? {} : await bodyOf(body)),
  } as RequestInit;
}

/** As much as is there at once goes with its length and may be sent again; what comes bit by bit is streamed. */
async function bodyOf(body: ReadableStream<Uint8Array>): Promise<RequestInit> {
  const reader = body.getReader();
  const read: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const next = reader.read();
    const chunk = length <= wholeBodyBytes ? await Promise.race([next, turns(3)]) : 'later';
    if (chunk === 'later') return { body: rest(read, next, reader), duplex: 'half' } as RequestInit;
    if (chunk.done) return { body: Buffer.concat(read) };
    read.push(chunk.value);
    length += chunk.value.length;
  }
}

const wholeBodyBytes = 64 * 1024;

async function turns(count: number): Promise<'later'> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
  return 'later';
}

type Chunk = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>;

function rest(
  read: readonly Uint8Array[],
  next: Promise<Chunk>,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let coming: Promise<Chunk> | undefined = next;
  const before = [...read];
  return new ReadableStream({
    async pull(controller) {
      const early = before.shift();
      if (early !== undefined) return controller.enqueue(early);
      const chunk = await (coming ?? reader.read());
      coming = undefined;
      if (chunk.done) controller.close();
      else controller.enqueue(chunk.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
