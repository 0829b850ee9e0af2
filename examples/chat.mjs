// A chat between two onion services: nobody in between learns who speaks with whom.
//   node chat.mjs                  waits for a friend and prints the address to give to them
//   node chat.mjs ADDRESS.onion    calls a friend; the friend calls back, so that each knows the other's address
// Each line that is typed goes to the other.
import { createInterface } from 'node:readline';
import { startTor } from './start.mjs';

const port = 9999;
const [friend] = process.argv.slice(2);
const tor = await startTor();
let outgoing;

/** What is typed goes out on a connection of our own; what comes in does so at our own service. */
async function call(address) {
  outgoing = await tor.connect(address, port);
  outgoing.on('error', () => undefined);
  outgoing.write(`${service.hostname}\n`);
}

const service = await tor.publish({
  port,
  to: (incoming) => {
    let caller;
    const lines = createInterface({ input: incoming });
    lines.on('line', async (line) => {
      if (caller !== undefined) return console.log(`< ${line}`);
      caller = line;
      console.log(`* ${caller} calls`);
      if (outgoing === undefined) await call(caller);
      console.log('* connected');
    });
    // A connection that breaks is an error of the stream, and of what reads lines from it.
    lines.on('error', () => undefined);
    incoming.once('close', () => console.log('* the other has gone'));
  },
});
console.log(service.hostname);
if (friend !== undefined) await call(friend);

for await (const line of createInterface({ input: process.stdin })) outgoing?.write(`${line}\n`);
await tor.close();
