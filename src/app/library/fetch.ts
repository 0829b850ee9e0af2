import { type Dispatcher, fetch as undiciFetch } from 'undici';
import { TorError } from '../../base/errors/index.ts';

/** Rejects like fetch, but when Tor is the cause, with Tor's own error. */
export async function torFetch(
  dispatcher: Dispatcher,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  try {
    const request = input instanceof Request ? asInit(input) : {};
    const url = input instanceof Request ? input.url : input;
    const options = { ...request, ...init, dispatcher } as Parameters<typeof undiciFetch>[1];
    return (await undiciFetch(url, options)) as Response;
  } catch (error) {
    const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
    throw TorError.is(cause) ? cause : error;
  }
}

/** Node's own Request belongs to another copy of undici: its parts are carried over. */
function asInit(request: Request): RequestInit {
  const { method, headers, body, redirect, signal } = request;
  return { method, headers, redirect, signal, ...(body === null ? {} : { body, duplex: 'half' }) } as RequestInit;
}
