import { Worker } from 'node:worker_threads';
import type { Jobs, Results } from './messages.ts';

/** One thread that answers handshakes. */
export interface HandshakeThread {
  post(jobs: Jobs): void;
  /** Waits for answers, or for nothing: then it does not keep the process. */
  hold(waiting: boolean): void;
  stop(): void;
}

export interface HandshakeThreadEvents {
  /** In the order of the jobs. The first call says that the thread runs, and has no results. */
  results(results: Results): void;
  /** It is gone, whatever the cause; it was not asked to stop. */
  lost(): void;
}

/** Starts a thread, from what was built; from the sources, through the loader that this process must be using. */
export function startThread(events: HandshakeThreadEvents): HandshakeThread {
  const worker = import.meta.url.endsWith('.ts') ? fromSources() : new Worker(new URL('./thread.js', import.meta.url));
  let gone = false;
  const lose = (): void => {
    if (!gone) events.lost();
    gone = true;
  };
  worker.on('message', (results: Results) => {
    if (!gone) events.results(results);
  });
  worker.on('error', lose);
  worker.on('exit', lose);
  worker.unref();
  return {
    post: (jobs) => worker.postMessage(jobs, [jobs.records.buffer as ArrayBuffer]),
    hold: (waiting) => (waiting ? worker.ref() : worker.unref()),
    stop() {
      gone = true;
      void worker.terminate();
    },
  };
}

/** Threads of Node 20 do not inherit a loader. */
function fromSources(): Worker {
  const loader = import.meta.resolve('tsx/esm/api');
  const entry = new URL('./thread.ts', import.meta.url).href;
  const code = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(entry)}); })`;
  return new Worker(code, { eval: true });
}
