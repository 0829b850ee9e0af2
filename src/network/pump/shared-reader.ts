/** What one read of a socket can bring. */
const bufferBytes = 64 * 1024;

let shared: Uint8Array | undefined;

/**
 * Takes what a socket reads in one buffer, which all sockets share: the platform would allocate one for every read. Only
 * a socket that connects can be made with one.
 */
export class SharedReader {
  /** The option of the same name of the socket. */
  readonly onread = {
    buffer: (): Uint8Array => {
      shared ??= new Uint8Array(bufferBytes);
      return shared;
    },
    callback: (length: number, buffer: Uint8Array): boolean => {
      this.#take?.(new Uint8Array(buffer.buffer, buffer.byteOffset, length));
      return true;
    },
  };
  #take: ((bytes: Uint8Array) => void) | undefined;

  /** `take` gets all that is read from now on, valid during the call. To be attached before the socket is connected. */
  attach(take: (bytes: Uint8Array) => void): void {
    this.#take = take;
  }
}
