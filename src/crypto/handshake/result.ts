/** What a finished handshake gives: as much key material as the relay cell encryption asks for. */
export interface KeyMaterial {
  /** The first `length` bytes of the expansion. Asking again starts from the beginning. */
  keys(length: number): Uint8Array;
}

/** A client's half, waiting for the relay's answer. */
export interface ClientHandshake<R extends KeyMaterial> {
  /** The body of CREATE_FAST, or the handshake data of CREATE2 and EXTEND2. */
  readonly onionskin: Uint8Array;
  /** @throws TorError HANDSHAKE_FAILED when the answer does not come from the relay we asked */
  finish(reply: Uint8Array): R;
}

/** A relay's half: the answer to send, and the keys. */
export interface ServerHandshake extends KeyMaterial {
  readonly reply: Uint8Array;
}
