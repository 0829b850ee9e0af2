import { type Engine, engine } from './engine.ts';
import { cellAt } from './layout.ts';

/**
 * Encryption of relay cells, one hop at a time. Every call works in place on a 509-byte cell body and keeps nothing of
 * it. `command` is the command of the link cell (RELAY or RELAY_EARLY), which counter galois onion binds.
 * spec: tor-spec 5.5, proposal 359
 */

/** One hop, at the origin of the circuit. */
export interface ClientLayer {
  /** Bytes of a tag: what an authenticated SENDME carries. */
  readonly tagLength: 16 | 20;
  /** Sets the digest or tag of a message for this hop, and encrypts it once. */
  originate(command: number, body: Uint8Array): void;
  /** Encrypts, outbound, a cell for a farther hop. */
  encrypt(command: number, body: Uint8Array): void;
  /** Decrypts an inbound cell. True when it comes from this hop and is authentic. */
  decrypt(command: number, body: Uint8Array): boolean;
  /** Tag of the last cell originated here: a view that the next one overwrites. */
  readonly sentTag: Uint8Array;
  /** Tag of the last recognized inbound cell: a view that the next one overwrites. */
  readonly receivedTag: Uint8Array;
}

/** The same hop, at the relay. */
export interface RelayLayer {
  readonly tagLength: 16 | 20;
  /** Sets the digest or tag of a message toward the client, and encrypts it once. */
  originate(command: number, body: Uint8Array): void;
  /** Encrypts, inbound, a cell that a farther relay sent toward the client. */
  encrypt(command: number, body: Uint8Array): void;
  /** Decrypts an outbound cell. True when it is for this relay and authentic. */
  decrypt(command: number, body: Uint8Array): boolean;
  /** The three for those who send the cell at once; what they give is a view that the next call on any layer overwrites. */
  originated(command: number, body: Uint8Array): Uint8Array;
  encrypted(command: number, body: Uint8Array): Uint8Array;
  /** What goes on to the next relay; undefined when `body`, decrypted in place, is for this one and authentic. */
  onward(command: number, body: Uint8Array): Uint8Array | undefined;
  readonly sentTag: Uint8Array;
  readonly receivedTag: Uint8Array;
}

/**
 * A layer that works on the cell in the engine's memory, so that a client brings a cell in and out once, whatever the
 * number of hops.
 */
export abstract class CellLayer implements ClientLayer, RelayLayer {
  abstract readonly tagLength: 16 | 20;
  abstract readonly sentTag: Uint8Array;
  abstract readonly receivedTag: Uint8Array;
  protected readonly engine: Engine = engine();

  abstract originateLoaded(command: number): void;
  abstract encryptLoaded(command: number): void;
  abstract decryptLoaded(command: number): boolean;

  originate(command: number, body: Uint8Array): void {
    this.engine.memory.set(body, cellAt);
    this.originateLoaded(command);
    body.set(this.engine.cell);
  }

  encrypt(command: number, body: Uint8Array): void {
    this.engine.memory.set(body, cellAt);
    this.encryptLoaded(command);
    body.set(this.engine.cell);
  }

  originated(command: number, body: Uint8Array): Uint8Array {
    this.engine.memory.set(body, cellAt);
    this.originateLoaded(command);
    return this.engine.cell;
  }

  encrypted(command: number, body: Uint8Array): Uint8Array {
    this.engine.memory.set(body, cellAt);
    this.encryptLoaded(command);
    return this.engine.cell;
  }

  onward(command: number, body: Uint8Array): Uint8Array | undefined {
    this.engine.memory.set(body, cellAt);
    if (!this.decryptLoaded(command)) return this.engine.cell;
    body.set(this.engine.cell);
    return undefined;
  }

  decrypt(command: number, body: Uint8Array): boolean {
    this.engine.memory.set(body, cellAt);
    const recognized = this.decryptLoaded(command);
    body.set(this.engine.cell);
    return recognized;
  }
}
