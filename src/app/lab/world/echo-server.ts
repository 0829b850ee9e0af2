import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface TestEchoServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Sends back what it is sent, closes when the other side has. Loopback only. */
export async function startEchoServer(options: { readonly address?: string } = {}): Promise<TestEchoServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, options.address ?? '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
