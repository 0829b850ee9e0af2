// The entry of a handshake thread: nothing imports it.
import { type MessagePort, parentPort } from 'node:worker_threads';
import { concatBytes } from '../../../base/bytes/index.ts';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import { answerCreate, type CreateAnswer } from '../../../protocol/circuit/index.ts';
import { type Failure, failureOf, type Jobs, noResults, type Results, type Settings } from './messages.ts';
import { readJob, writeAnswer } from './records.ts';

function answerAll({ count, records }: Jobs, settings: Settings): Results {
  const answers: (CreateAnswer | undefined)[] = [];
  const keys: Uint8Array[] = [];
  const failures: Failure[] = [];
  for (let i = 0; i < count; i++) {
    let answer: CreateAnswer | undefined;
    try {
      answer = answerCreate(nodeRuntime, readJob(records, i), settings);
      keys.push(answer.keys);
    } catch (error) {
      failures.push(failureOf(error));
    }
    answers.push(answer);
  }
  for (const [i, answer] of answers.entries()) writeAnswer(records, i, answer);
  return { count, records, keys: concatBytes(...keys), failures };
}

function serve(port: MessagePort): void {
  let settings: Settings | undefined;
  port.on('message', (jobs: Jobs) => {
    settings = jobs.settings ?? settings;
    if (settings === undefined) return;
    const results = answerAll(jobs, settings);
    port.postMessage(results, [results.records.buffer as ArrayBuffer, results.keys.buffer as ArrayBuffer]);
  });
  port.postMessage(noResults);
}

if (parentPort !== null) serve(parentPort);
