// Many pages, each over a circuit of its own: the servers see different exits, and none sees two visits of one visitor.
//   node isolated-circuits.mjs [URL...]
import { startTor } from './start.mjs';

const urls = process.argv.slice(2);
if (urls.length === 0) urls.push(...Array(3).fill('https://check.torproject.org/api/ip'));
const tor = await startTor();

async function visit(url) {
  const context = tor.isolated();
  // The path is seen while the connection is there.
  const paths = new Set();
  const off = tor.on('stream', ({ source, status, path }) => {
    if (status === 'succeeded' && source === `library:${context.label}`) paths.add(path.map(nickname).join(' > '));
  });
  const page = await context.fetch(url);
  const text = await page.text();
  off();
  await context.close();
  return `${[...paths].join(', ')}: ${page.status} ${text.length} characters`;
}

const nickname = (hop) => hop.split('~')[1] ?? hop;

for (const line of await Promise.all(urls.map(visit))) console.log(line);
await tor.close();
