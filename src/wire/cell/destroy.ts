/** Why a circuit ends: the byte of DESTROY and TRUNCATED. spec: tor-spec 5.4 */
export const DestroyReason = {
  NONE: 0,
  TORPROTOCOL: 1,
  INTERNAL: 2,
  REQUESTED: 3,
  HIBERNATING: 4,
  RESOURCELIMIT: 5,
  CONNECTFAILED: 6,
  OR_IDENTITY: 7,
  CHANNEL_CLOSED: 8,
  FINISHED: 9,
  TIMEOUT: 10,
  DESTROYED: 11,
  NOSUCHSERVICE: 12,
} as const;

const names = new Map<number, string>(Object.entries(DestroyReason).map(([name, reason]) => [reason, name]));

/** Control-port name of a reason, or its number when unknown. */
export const destroyReasonName = (reason: number): string => names.get(reason) ?? `${reason}`;

export const encodeDestroy = (reason: number): Uint8Array => Uint8Array.of(reason & 0xff);

/** The reason byte; any number may come, and an empty body reads as NONE. */
export const decodeDestroy = (body: Uint8Array): number => body[0] ?? DestroyReason.NONE;
