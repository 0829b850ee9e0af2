export { LocalHandshakeQueue } from './handshakes/local-queue.ts';
export { ThreadHandshakeQueue, type ThreadQueueDeps, type ThreadQueueOptions } from './handshakes/thread-queue.ts';
export type { CreateRequest, HandshakeQueue, HandshakeQueueDeps, HandshakeQueueOptions } from './handshakes/types.ts';
