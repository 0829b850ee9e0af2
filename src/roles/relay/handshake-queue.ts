export { LocalHandshakeQueue } from './handshakes/local-queue.ts';
export { ThreadHandshakeQueue, type ThreadQueueOptions } from './handshakes/thread-queue.ts';
export type { CreateRequest, HandshakeQueue } from './handshakes/types.ts';
