export { type Deferred, deferred } from './deferred.ts';
export { Emitter, type Listener } from './emitter.ts';
export { LruMap } from './lru-map.ts';
export { TokenBucket } from './token-bucket.ts';
