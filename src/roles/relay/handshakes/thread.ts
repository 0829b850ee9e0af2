// The entry of a handshake thread: nothing imports it.
import { type MessagePort, parentPort } from 'node:worker_threads';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import { answerCreate } from '../../../protocol/circuit/index.ts';
import { failureOf, type Job, type Jobs, type Result, type Settings } from './messages.ts';

function answer(job: Job, settings: Settings): Result {
  try {
    return { id: job.id, answer: answerCreate(nodeRuntime, job, settings) };
  } catch (error) {
    return { id: job.id, failure: failureOf(error) };
  }
}

function serve(port: MessagePort): void {
  let settings: Settings | undefined;
  port.on('message', (message: Jobs) => {
    settings = message.settings ?? settings;
    if (settings === undefined) return;
    const results: Result[] = [];
    for (const job of message.jobs) results.push(answer(job, settings));
    port.postMessage(results);
  });
  port.postMessage([]);
}

if (parentPort !== null) serve(parentPort);
