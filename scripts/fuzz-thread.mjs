// The thread of scripts/fuzz.mjs that runs one target.
import { parentPort, workerData } from 'node:worker_threads';
import { tsImport } from 'tsx/esm/api';

const { file, forMs, seed, shared } = workerData;
const { corpus, loadTarget, mutate, seededNumbers } = await tsImport('../test/support/fuzzing.ts', import.meta.url);
const target = await loadTarget(file);
parentPort.postMessage({ name: target.name });

const state = new Int32Array(shared, 0, 2);
const bytes = new Uint8Array(shared, 8);
const inputs = [...target.seeds(), ...corpus(target.name).map(({ data }) => data)];
const below = seededNumbers(seed);
const until = Date.now() + forMs;

try {
  for (let count = 0; Date.now() < until; count++) {
    const data = count < inputs.length ? inputs[count] : mutate(inputs, below);
    bytes.set(data.subarray(0, bytes.length));
    Atomics.store(state, 1, Math.min(data.length, bytes.length));
    Atomics.add(state, 0, 1);
    target.fuzz(data);
  }
  parentPort.postMessage({ done: true });
} catch (error) {
  parentPort.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
