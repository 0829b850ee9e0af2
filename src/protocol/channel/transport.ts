/** The TLS connection as a channel sees it. */
export interface ChannelTransport {
  /**
   * Takes whole cells. `done` is called once, later, when the socket has taken them, and the bytes must stay untouched
   * until then. Not called again before `done`.
   */
  write(bytes: Uint8Array, done: () => void): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Sends what was written, then ends the connection. */
  close(): void;
  /** Ends the connection at once. */
  destroy(): void;
}

/** What the link handshake binds to. spec: tor-spec 4.2, 4.4.2 */
export interface TlsBinding {
  /** DER of the certificate the responder showed in TLS. */
  readonly certificate: Uint8Array;
  /** RFC 5705 exporter. */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array;
}
