/** What streams need of the hop that carries them. Implemented by the circuit room. */
export interface StreamPort {
  /** The hop runs congestion control: streams are then slowed by XOFF and XON, else by windows of 500 cells. */
  readonly congestionControlled: boolean;
  /** The longest round trip measured so far, in milliseconds; 0 without congestion control. */
  readonly maxRttMs: number;
  /** How many DATA cells the hop's window and the channel's queue let out now. */
  room(): number;
  /** How many of `available` bytes the next DATA cell shall take. */
  nextDataLength(available: number): number;
  /** Sends `bytes[from, to)` as one DATA cell. The caller has asked `room()`. */
  sendData(streamId: number, bytes: Uint8Array, from: number, to: number): void;
  /** Sends any other stream message; these are never held back. */
  send(command: number, streamId: number, message: Uint8Array): void;
}
