import type { Socket } from 'node:net';

export interface Trickle {
  /** Whether the stream ends within the time, however it ends. */
  endsWithin(timeoutMs: number): Promise<boolean>;
  close(): void;
}

/** Keeps a stream to an echo server busy with a few bytes, so that a break of its circuit shows. */
export function trickle(socket: Socket): Trickle {
  const ended = new Promise<true>((resolve) => {
    socket.once('close', () => {
      clearInterval(timer);
      resolve(true);
    });
  });
  const timer = setInterval(() => socket.write('.'), 100);
  socket.on('error', () => {});
  socket.resume();
  return {
    endsWithin: (timeoutMs) => {
      let late: NodeJS.Timeout | undefined;
      const never = new Promise<false>((resolve) => {
        late = setTimeout(() => resolve(false), timeoutMs);
      });
      return Promise.race([ended, never]).finally(() => clearTimeout(late));
    },
    close: () => socket.destroy(),
  };
}
