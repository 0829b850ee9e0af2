export { createFastClient, createFastServer, type FastKeys } from './create-fast.ts';
export { type HsNtorClient, type HsNtorRequest, type HsNtorService, hsNtorClient, hsNtorService } from './hs-ntor.ts';
export { type NtorRelay, ntorClient, ntorServer } from './ntor.ts';
export {
  type NtorV3Keys,
  type NtorV3Options,
  type NtorV3Relay,
  type NtorV3Request,
  ntorV3Client,
  ntorV3Server,
} from './ntor-v3.ts';
export type { ClientHandshake, KeyMaterial, ServerHandshake } from './result.ts';
