import { createServer } from 'node:http';

export interface DemoPage {
  readonly port: number;
  close(): void;
}

const page = `<!doctype html>
<title>Hello</title>
<h1>Hello from an onion service</h1>
<p>Nobody on the way knows both who asked and who answered.</p>
`;

/** The web page that the demonstration publishes. */
export async function serveDemoPage(): Promise<DemoPage> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(page);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
