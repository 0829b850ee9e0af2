// node scripts/fuzz.mjs [--seconds=60] [--only=NAME] [--seed=N] [--keep]
//
// Runs every test/fuzz/*.fuzz.ts in a thread for an equal share of the time: mutations of its seeds and of its corpus.
// An input that throws, hangs or eats memory is written to test/fuzz/crashes/NAME/; move it to test/fuzz/corpus/NAME/
// when the defect is mended, so that every later test run replays it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { tsImport } from 'tsx/esm/api';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { fuzzFiles } = await tsImport('../test/support/fuzzing.ts', import.meta.url);

const option = (name, fallback) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ?? fallback;
const seconds = Number(option('seconds', '60'));
const only = option('only', '');
const seed = Number(option('seed', String(Date.now() % 1_000_000)));
const hangMs = 10_000;
const memoryLimitMb = 1024;

const save = (name, data, why) => {
  const folder = join(root, 'test/fuzz/crashes', name);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${why}-${seed}-${Date.now()}`);
  writeFileSync(file, data);
  return file;
};

/** Runs one target; resolves to whether it held. */
function run(file, forMs) {
  // The thread leaves the input it is working on here: [executions, length], then the bytes.
  const shared = new SharedArrayBuffer(8 + 65_536);
  const state = new Int32Array(shared, 0, 2);
  const current = () => Buffer.from(new Uint8Array(shared, 8, state[1])).subarray(0);
  const worker = new Worker(new URL('./fuzz-thread.mjs', import.meta.url), {
    workerData: { file, forMs, seed, shared },
    resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
  });
  const started = Date.now();
  return new Promise((resolve) => {
    let last = -1;
    let since = Date.now();
    let name = file.replace(/\.fuzz\.ts$/, '');
    const end = (good, text) => {
      clearInterval(watch);
      const rate = Math.round(state[0] / Math.max(0.001, (Date.now() - started) / 1000));
      console.log(`${good ? 'ok    ' : 'FAILED'} ${name}: ${state[0]} executions, ${rate} a second${text}`);
      void worker.terminate().then(() => resolve(good));
    };
    const watch = setInterval(() => {
      if (state[0] !== last) {
        last = state[0];
        since = Date.now();
      } else if (last > 0 && Date.now() - since > hangMs) {
        end(false, `; hangs, input in ${save(name, current(), 'hang')}`);
      }
    }, 500);
    worker.on('message', (message) => {
      if (message.name !== undefined) name = message.name;
      if (message.done) end(true, '');
      if (message.error !== undefined) end(false, `; input in ${save(name, current(), 'crash')}\n${message.error}`);
    });
    worker.on('error', (error) => end(false, `; ${error.message}, input in ${save(name, current(), 'memory')}`));
  });
}

const files = fuzzFiles().filter((file) => file.replace('.fuzz.ts', '').includes(only));
if (files.length === 0) {
  console.error('no fuzz target fits');
  process.exit(2);
}
console.log(`seed ${seed}, ${files.length} targets, ${seconds} s`);
let failed = 0;
for (const file of files) if (!(await run(file, (seconds * 1000) / files.length))) failed++;
process.exit(failed === 0 ? 0 : 1);
