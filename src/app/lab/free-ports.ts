import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';

const lowest = 11_000;

/** The first port the kernel may give to outgoing connections; a listener above it could find its port taken. */
function ephemeralStart(): number {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1');
    const start = Number(range.trim().split(/\s+/)[0]);
    return start > lowest + 1000 ? start : 32_768;
  } catch {
    return 32_768;
  }
}

function canListen(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Hands out ports of the loopback address that nobody listens on, none of them twice. */
export class FreePorts {
  readonly #given = new Set<number>();
  readonly #limit = ephemeralStart();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  async take(address = '127.0.0.1'): Promise<number> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const port = lowest + this.#random.below(this.#limit - lowest);
      if (this.#given.has(port)) continue;
      this.#given.add(port);
      if (await canListen(port, address)) return port;
    }
    throw new TorError('LAB_FAILED', `no free port on ${address}`);
  }
}
