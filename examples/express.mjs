// An Express app as an onion service. No port of this machine is opened.
import { createServer } from 'node:http';
import express from 'express';
import { interrupted, startTor } from './start.mjs';

const app = express();
app.use(express.json());
app.get('/', (_request, response) => response.send('<h1>Hello from Express</h1>'));
app.post('/sum', (request, response) => response.json({ sum: request.body.a + request.body.b }));

const tor = await startTor();
// With `key` the address stays the same from start to start; leave it out for one that is forgotten.
const service = await tor.publish({ port: 80, to: createServer(app), key: process.env.KEY ?? './express-service' });
console.log(service.url);

await interrupted();
await tor.close();
