// node --import tsx bench/support/record.ts micro|consensus [options] [--dry]: runs that benchmark and keeps what it says
// in results.md.
import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { writeSection } from './results.ts';

const titles: Readonly<Record<string, string>> = {
  micro: 'The pieces by themselves',
  consensus: 'Votes and a consensus of a large network',
};

const [name = '', ...options] = process.argv.slice(2);
const title = titles[name];
if (title === undefined) throw new Error(`nothing to record of ${name}`);
const [load = 0] = loadavg();
const main = fileURLToPath(new URL(`../${name}/main.ts`, import.meta.url));
const child = spawn(process.execPath, ['--import', 'tsx', main, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
let said = '';
child.stdout.on('data', (chunk: Buffer) => {
  said += chunk.toString();
  process.stdout.write(chunk);
});
child.once('close', (code) => {
  process.exitCode = code ?? 1;
  if (code !== 0 || options.includes('--dry')) return;
  const when = `${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)} before.`;
  writeSection(title, `${when}\n\n\`\`\`text\n${said.trimEnd()}\n\`\`\``);
});
