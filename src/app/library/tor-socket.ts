import { base16 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { formatIp } from '../../base/ip/index.ts';
import type { AttachedStream } from '../../network/circuits/index.ts';
import { SocketDuplex } from '../../network/pump/index.ts';
import type { StreamHandler } from '../../protocol/stream/index.ts';
import { LateStream } from './late-stream.ts';

/** Opens the stream: what a context does with its isolation. */
export type OpenStream = (handler: StreamHandler, signal: AbortSignal) => Promise<AttachedStream>;

/**
 * A connection through Tor, shaped like a `net.Socket`: a Duplex that is `connecting` at first, emits 'connect', and
 * carries the methods that HTTP clients call (`setTimeout`, `setNoDelay`, `ref`, `destroySoon` and the like). Destroyed
 * with a TorError when it cannot be opened. After `end()` it stays readable until the far end is done, or silent for a
 * minute: Tor can only close both directions at once.
 */
export class TorSocket extends SocketDuplex {
  readonly #late: LateStream;
  readonly #host: string;
  readonly #port: number;
  #opening = true;

  constructor(target: { readonly host: string; readonly port: number }, open: OpenStream) {
    const made: { readonly late: LateStream; readonly handler: StreamHandler }[] = [];
    super((handler) => {
      const late = new LateStream(handler);
      made.push({ late, handler });
      return late;
    });
    const [first] = made;
    if (first === undefined) throw new TorError('INTERNAL', 'a Duplex that did not open its stream');
    const { late, handler } = first;
    this.#late = late;
    this.#host = target.host;
    this.#port = target.port;
    open(handler, late.abort.signal).then(
      (attached) => {
        this.#opening = false;
        late.attach(attached);
        this.emit('ready');
      },
      (error: unknown) => {
        this.#opening = false;
        if (!this.destroyed) this.destroy(TorError.from(error));
      },
    );
  }

  override get connecting(): boolean {
    return this.#opening;
  }

  /** `$FINGERPRINT` of each relay it goes through, guard first; empty as long as it has no circuit. */
  get path(): readonly string[] {
    return (this.#late.attached?.circuit.hops ?? []).flatMap(({ target }) =>
      target === undefined ? [] : [`$${base16(target.rsa).toUpperCase()}`],
    );
  }

  get remoteAddress(): string | undefined {
    const address = this.#late.attached?.address;
    return address === undefined ? this.#host : formatIp(address);
  }
  get remotePort(): number {
    return this.#port;
  }
  get remoteFamily(): string {
    return this.#late.attached?.address?.length === 16 ? 'IPv6' : 'IPv4';
  }
  get pending(): boolean {
    return this.#opening;
  }
}
