import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { createFastClient, type KeyMaterial, ntorClient, ntorV3Client } from '../../crypto/handshake/index.ts';
import {
  type ClientLayer,
  cgoClientLayer,
  cgoKeyLength,
  tor1ClientLayer,
  tor1KeyLength,
} from '../../crypto/relaycell/index.ts';
import { HandshakeType } from '../../wire/cell/index.ts';
import type { LinkSpecifier } from '../../wire/linkspec/index.ts';
import { type CircuitRequest, type CircuitSettings, readAnswer } from './negotiate.ts';
import type { CongestionParams } from './params.ts';
import type { HopTarget } from './types.ts';

/** A finished handshake with one hop. */
export interface FinishedHop extends CircuitSettings {
  readonly layer: ClientLayer;
  /** KH, 20 bytes. */
  readonly keyHash: Uint8Array;
}

/** A handshake on its way. */
export interface StartedHandshake {
  readonly kind: 'fast' | 'ntor' | 'ntor-v3';
  /** Of CREATE2 and EXTEND2; unused for CREATE_FAST. */
  readonly type: number;
  readonly onionskin: Uint8Array;
  /** Throws HANDSHAKE_FAILED and other protocol errors. */
  finish(reply: Uint8Array): FinishedHop;
}

/** KH, which binds ESTABLISH_INTRO to the circuit. */
export const keyHashLength = 20;

const fixed: CircuitSettings = { sendmeInc: undefined, cgo: false };

/** CREATE_FAST: no onion key needed, no forward secrecy beyond the link's. */
export function startFast(random: Random): StartedHandshake {
  const client = createFastClient(random);
  return {
    kind: 'fast',
    type: -1,
    onionskin: client.onionskin,
    finish(reply) {
      const material = client.finish(reply.subarray(0, 40));
      return { ...fixed, layer: tor1ClientLayer(material.keys(tor1KeyLength)), keyHash: material.keyHash.slice() };
    },
  };
}

/** ntor or ntor-v3, as the request says. */
export function startHandshake(
  random: Random,
  target: HopTarget,
  request: CircuitRequest,
  params: CongestionParams,
): StartedHandshake {
  return request.handshake === 'ntor' ? startNtor(random, target) : startNtorV3(random, target, request, params);
}

function startNtor(random: Random, target: HopTarget): StartedHandshake {
  const client = ntorClient(random, { rsaId: target.rsa, onionKey: target.ntorKey });
  return {
    kind: 'ntor',
    type: HandshakeType.NTOR,
    onionskin: client.onionskin,
    finish(reply) {
      return { ...fixed, ...takeKeys(client.finish(reply), false) };
    },
  };
}

function startNtorV3(
  random: Random,
  target: HopTarget,
  request: CircuitRequest,
  params: CongestionParams,
): StartedHandshake {
  if (target.ed25519 === undefined) throw new TorError('INTERNAL', 'ntor-v3 needs an Ed25519 identity');
  const relay = { ed25519Id: target.ed25519, onionKey: target.ntorKey };
  const client = ntorV3Client(random, relay, request.message);
  return {
    kind: 'ntor-v3',
    type: HandshakeType.NTOR_V3,
    onionskin: client.onionskin,
    finish(reply) {
      const material = client.finish(reply);
      const settings = readAnswer(material.message, request, params);
      return { ...settings, ...takeKeys(material, settings.cgo) };
    },
  };
}

/** The layer's keys, then KH. spec: tor-spec 5.2.2 */
function takeKeys(material: KeyMaterial, cgo: boolean): { readonly layer: ClientLayer; readonly keyHash: Uint8Array } {
  const length = cgo ? cgoKeyLength : tor1KeyLength;
  const bytes = material.keys(length + keyHashLength);
  const keys = bytes.subarray(0, length);
  return { layer: cgo ? cgoClientLayer(keys) : tor1ClientLayer(keys), keyHash: bytes.slice(length) };
}

/**
 * What a client puts into EXTEND2: IPv4 address, RSA identity, Ed25519 identity, in this order. An IPv6 address would give
 * the client away as not C tor, so it goes only when there is no other.
 */
export function specifiersFor(target: HopTarget): LinkSpecifier[] {
  const ipv4 = target.linkSpecifiers.find((specifier) => specifier.kind === 'ipv4');
  const ipv6 = target.linkSpecifiers.find((specifier) => specifier.kind === 'ipv6');
  const specifiers: LinkSpecifier[] = [];
  if (ipv4 !== undefined) specifiers.push(ipv4);
  specifiers.push({ kind: 'rsa', id: target.rsa });
  if (target.ed25519 !== undefined) specifiers.push({ kind: 'ed25519', id: target.ed25519 });
  if (ipv4 === undefined && ipv6 !== undefined) specifiers.push(ipv6);
  return specifiers;
}
