import { EndReason } from '../../wire/relaymsg/index.ts';

const internal = ['EBADF', 'EFAULT', 'EINVAL', 'EISCONN', 'ENOTSOCK', 'EPROTONOSUPPORT', 'EAFNOSUPPORT', 'ENOTCONN'];
const noRoute = ['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EPERM'];
const resources = ['ENOBUFS', 'ENOMEM', 'ENFILE', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EMFILE'];

const table: ReadonlyMap<string, number> = new Map([
  ['EPIPE', EndReason.DONE],
  ...internal.map((code) => [code, EndReason.INTERNAL] as const),
  ...noRoute.map((code) => [code, EndReason.NOROUTE] as const),
  ['ECONNREFUSED', EndReason.CONNECTREFUSED],
  ['ECONNRESET', EndReason.CONNRESET],
  ['ETIMEDOUT', EndReason.TIMEOUT],
  ...resources.map((code) => [code, EndReason.RESOURCELIMIT] as const),
]);

/** The reason for END that an error of a socket amounts to, as C tor maps errno. */
export function errorToEndReason(error: { readonly code?: string | undefined }): number {
  return table.get(error.code ?? '') ?? EndReason.MISC;
}

const answeredLater = new Set(['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET']);

/**
 * Why a TCP connection was not made. C tor differs from the specification: of a connection that fails after connect()
 * has returned it says MISC, because it looks at an errno that is long overwritten, and so do we.
 */
export function tcpFailureReason(error: { readonly code?: string | undefined }): number {
  return answeredLater.has(error.code ?? '') ? EndReason.MISC : errorToEndReason(error);
}
