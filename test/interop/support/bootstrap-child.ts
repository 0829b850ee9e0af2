import { handWired } from './hand-wired.ts';

/** A client that bootstraps in a process of its own and tells its log, so that a test can kill it at any moment. */
const [, , folder = '', network = '{}'] = process.argv;
process.env.TROPEA_TEST_LOG = '1';
const client = await handWired(JSON.parse(network) as { dirAuthorities: readonly string[] }, folder);
client.circuits.start();
await client.directory.start();
if (client.directory.netdir !== undefined) process.stderr.write('loaded with a network\n');
setInterval(() => undefined, 1000);
