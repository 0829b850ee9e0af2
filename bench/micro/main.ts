// node scripts/bench.mjs micro: what the pieces cost by themselves, one file after the other.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const names = ['relaycell', 'channel', 'handshake', 'netdoc'];
let worst = 0;
for (const name of names) {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', file], { stdio: 'inherit', timeout: 60_000 });
  worst = Math.max(worst, status ?? 1);
}
process.exitCode = worst;
