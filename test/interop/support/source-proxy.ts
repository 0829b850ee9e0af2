import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

export interface SourceProxy {
  readonly port: number;
  close(): void;
}

/**
 * An HTTPS proxy (CONNECT) whose connections come from an address of their own, so that on loopback, too, a relay can tell
 * who is behind it.
 */
export async function sourceProxy(localAddress: string): Promise<SourceProxy> {
  const server = createServer();
  const open = new Set<{ destroy(): void }>();
  server.on('connect', ({ url = '' }, near) => {
    const [host = '', port = ''] = url.split(':');
    const far = connect({ host, port: Number(port), localAddress, noDelay: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    far.on('connect', () => {
      near.write('HTTP/1.1 200 Connected\r\n\r\n');
      near.pipe(far).pipe(near);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
