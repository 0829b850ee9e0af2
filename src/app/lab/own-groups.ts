/** Process groups of this run that are still alive; killed when this process ends in whatever way it can notice. */
const alive = new Set<number>();
let guarded = false;

export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // it ended already
  }
}

/** The group of this process ends with us. Gives the function that forgets it. */
export function guardGroup(pid: number): () => void {
  guardExit();
  alive.add(pid);
  return () => alive.delete(pid);
}

function killAll(): void {
  for (const pid of alive) killGroup(pid, 'SIGKILL');
}

function guardExit(): void {
  if (guarded) return;
  guarded = true;
  process.on('exit', killAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      // Whoever else listens ends the nodes in good order.
      if (process.listenerCount(signal) > 0) return;
      killAll();
      process.kill(process.pid, signal);
    });
  }
}
