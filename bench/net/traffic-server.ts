import { type AddressInfo, createServer, type Socket } from 'node:net';

const block = Buffer.alloc(65_536, 0x74);

/** What one connection was asked for, and what became of it so far. */
interface Order {
  readonly way: 'down' | 'up';
  readonly bytes: number;
}

/** `down COUNT` or `up COUNT NAME`, one line. */
function parseOrder(line: string): (Order & { readonly name: string }) | undefined {
  const [way, bytes = '0', name = ''] = line.split(' ');
  return way === 'down' || way === 'up' ? { way, bytes: Number(bytes), name } : undefined;
}

/**
 * What stands behind exits and onion services: sends as many bytes as it is asked for, or counts those it is sent, so
 * that a transfer that is cut short has a rate too. Any number of orders on a connection, one after the other.
 */
export class TrafficServer {
  readonly port: number;
  readonly #close: () => void;
  readonly #received = new Map<string, number>();

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.#close = close;
  }

  static async start(): Promise<TrafficServer> {
    const sockets = new Set<Socket>();
    const accept = (socket: Socket): void => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      traffic.#serve(socket);
    };
    const server = createServer({ noDelay: true }, accept);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const traffic = new TrafficServer((server.address() as AddressInfo).port, () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return traffic;
  }

  /** Bytes that came for the upload of this name. */
  received(name: string): number {
    return this.#received.get(name) ?? 0;
  }

  close(): void {
    this.#close();
  }

  #serve(socket: Socket): void {
    let head = '';
    let name = '';
    let left = 0;
    const count = (length: number): void => {
      this.#received.set(name, this.received(name) + length);
      left -= length;
      if (left <= 0) socket.write('k');
    };
    socket.on('data', (chunk: Buffer) => {
      if (left > 0) return count(chunk.length);
      head += chunk.toString('latin1');
      for (let end = head.indexOf('\n'); end >= 0 && left <= 0; end = head.indexOf('\n')) {
        const order = parseOrder(head.slice(0, end));
        head = head.slice(end + 1);
        if (order?.way === 'down') send(socket, order.bytes);
        else if (order?.way === 'up') {
          ({ name, bytes: left } = order);
          if (head.length > 0) count(head.length);
          head = '';
        } else socket.destroy();
      }
    });
  }
}

function send(socket: Socket, bytes: number): void {
  let left = bytes;
  const go = (): void => {
    while (left > 0 && !socket.destroyed) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      if (socket.write(part) || left === 0) continue;
      socket.once('drain', go);
      return;
    }
  };
  go();
}
