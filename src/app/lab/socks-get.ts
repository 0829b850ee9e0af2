import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { TorError } from '../../base/errors/index.ts';

/** A connection through a SOCKS 5 port; the name is looked up at its far end. */
async function socksConnect(socksPort: number, host: string, port: number): Promise<Socket> {
  const socket = connect(socksPort, '127.0.0.1');
  const name = Buffer.from(host, 'latin1');
  const target = Buffer.concat([Buffer.of(5, 1, 0, 3, name.length), name, Buffer.of(port >> 8, port & 255)]);
  try {
    socket.write(Buffer.of(5, 1, 0));
    await read(socket, 2);
    socket.write(target);
    const [, status = 255, , type] = await read(socket, 4);
    if (status !== 0) throw new TorError('LAB_FAILED', `${host} cannot be reached: SOCKS reply ${status}`);
    await read(socket, type === 4 ? 18 : 6);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Exactly so many bytes; what comes after them stays with the socket. */
function read(socket: Socket, count: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      socket.off('readable', look);
      socket.off('error', failed);
      socket.off('end', ended);
      act();
    };
    const failed = (error: Error): void => settle(() => reject(error));
    const ended = (): void => failed(new TorError('LAB_FAILED', 'the SOCKS port closed the connection'));
    const look = (): void => {
      const bytes: Buffer | null = socket.read(count);
      if (bytes !== null) settle(() => resolve(bytes));
    };
    socket.on('readable', look);
    socket.on('error', failed);
    socket.on('end', ended);
    look();
  });
}

/** The body of one page, fetched over HTTP through a SOCKS port. */
export async function getThroughSocks(socksPort: number, host: string): Promise<string> {
  const socket = await socksConnect(socksPort, host, 80);
  return new Promise((resolve, reject) => {
    const asked = request({ host, path: '/', createConnection: () => socket }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}
