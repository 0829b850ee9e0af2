// WebSocket over an onion service: a server that tells the time, and a client that asks for it.
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { startTor } from './start.mjs';

const tor = await startTor();
const server = createServer();
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (question) => socket.send(`${question}? ${new Date().toISOString()}`));
});
const service = await tor.publish({ port: 80, to: server });

const client = new WebSocket(`ws://${service.hostname}/`, { agent: tor.agent() });
await new Promise((resolve, reject) => client.once('open', resolve).once('error', reject));
client.send('What time is it');
const [answer] = await new Promise((resolve) => client.once('message', (...args) => resolve(args)));
console.log(String(answer));

client.close();
await new Promise((resolve) => client.once('close', resolve));
await tor.close();
