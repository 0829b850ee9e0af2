// A service for those it knows: without the key a client cannot even read where its introduction points are.
import { createServer } from 'node:http';
import { newClientKey } from 'tropea';
import { startTor } from './start.mjs';

const tor = await startTor();
const alice = newClientKey();
const server = createServer((_request, response) => response.end('Good to see you, Alice.\n'));
const service = await tor.publish({ port: 80, to: server, authorizedClients: [alice.authorizedClient] });

// Here the service and its client are one program. Elsewhere, give Alice this line over a safe channel.
const credential = alice.credentialFor(service.hostname);

try {
  await tor.fetch(service.url);
} catch (error) {
  console.log(`${error.code}: ${error.fix}`);
}
tor.authorize(credential);
const page = await tor.fetch(service.url);
console.log(await page.text());

await tor.close();
