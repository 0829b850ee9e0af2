import { connect, type Socket } from 'node:net';

export interface SocksTarget {
  readonly socksPort: number;
  readonly host: string;
  readonly port: number;
  /** Streams of different users share no circuit. */
  readonly user?: string;
  readonly timeoutMs?: number;
}

/** The proxy refused; `code` is the SOCKS5 reply (1 to 8, or F0 to F7 of the extended errors). */
export class SocksRefusal extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`SOCKS reply 0x${code.toString(16)}`);
    this.code = code;
  }
}

/** Reads exactly as much as is asked for, so that what follows the handshake stays in the socket. */
function reader(socket: Socket): (length: number) => Promise<Buffer> {
  return (length) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const bytes = socket.read(length) as Buffer | null;
        if (bytes === null) return;
        finish();
        if (bytes.length < length) reject(new Error('the proxy closed the connection'));
        else resolve(bytes);
      };
      const fail = (error?: Error): void => {
        finish();
        reject(error ?? new Error('the proxy closed the connection'));
      };
      const end = (): void => fail();
      const finish = (): void => {
        socket.off('readable', look).off('error', fail).off('end', end).off('close', end);
      };
      socket.on('readable', look).on('error', fail).on('end', end).on('close', end);
      look();
    });
}

/** Opens a stream through a SOCKS5 proxy, the name resolved at the far end. */
export async function socksConnect(target: SocksTarget): Promise<Socket> {
  const socket = connect({ port: target.socksPort, host: '127.0.0.1', noDelay: true });
  const timer = setTimeout(() => {
    socket.destroy(new Error(`no stream to ${target.host}:${target.port} in time`));
  }, target.timeoutMs ?? 60_000);
  try {
    const read = reader(socket);
    const method = target.user === undefined ? 0 : 2;
    socket.write(Uint8Array.of(5, 1, method));
    if ((await read(2))[1] !== method) throw new Error('the proxy takes no such authentication');
    if (target.user !== undefined) {
      const user = Buffer.from(target.user);
      socket.write(Uint8Array.of(1, user.length, ...user, 1, 0x78));
      if ((await read(2))[1] !== 0) throw new Error('the proxy refuses the user');
    }
    const host = Buffer.from(target.host);
    socket.write(Uint8Array.of(5, 1, 0, 3, host.length, ...host, target.port >> 8, target.port & 0xff));
    const [, code = 1, , kind] = await read(4);
    if (code !== 0) throw new SocksRefusal(code);
    await read((kind === 4 ? 16 : 4) + 2);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
