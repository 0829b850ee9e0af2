import { startDnsServer, type TestDnsServer } from './dns-server.ts';
import { startEchoServer, type TestEchoServer } from './echo-server.ts';
import { startHttpServer, type TestHttpServer } from './http-server.ts';

/** The servers that stand for the internet behind the exits. All on loopback. */
export interface World {
  readonly http: TestHttpServer;
  readonly echo: TestEchoServer;
  readonly dns: TestDnsServer;
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const [http, echo, dns] = await Promise.all([startHttpServer(), startEchoServer(), startDnsServer()]);
  return {
    http,
    echo,
    dns,
    close: async () => {
      await Promise.all([http.close(), echo.close(), dns.close()]);
    },
  };
}
