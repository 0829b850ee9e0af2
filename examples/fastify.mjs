// A Fastify app as an onion service.
import Fastify from 'fastify';
import { interrupted, startTor } from './start.mjs';

const app = Fastify();
app.get('/hello/:name', async ({ params }) => ({ hello: params.name }));
await app.ready();

const tor = await startTor();
const service = await tor.publish({ port: 80, to: app.server });
console.log(service.url);

await interrupted();
await service.close();
await app.close();
await tor.close();
