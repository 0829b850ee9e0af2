import { isAllZero } from '../../base/bytes/index.ts';
import { HandshakeType } from '../../wire/cell/index.ts';
import { decodeExtend2, type ExtendTarget, extendTarget } from '../../wire/relaymsg/index.ts';
import { violation } from './hop-end.ts';

/** What EXTEND2 asks for, after the checks that need nothing but the message. */
export interface ExtendRequest {
  readonly target: ExtendTarget;
  readonly handshakeType: number;
  readonly handshake: Uint8Array;
}

/** Reads EXTEND2 into copies. Throws CIRCUIT_PROTOCOL, TRUNCATED and the like. */
export function readExtendRequest(body: Uint8Array): ExtendRequest {
  const { linkSpecifiers, handshakeType, handshake } = decodeExtend2(body);
  const target = extendTarget(linkSpecifiers);
  if (isAllZero(target.rsa)) throw violation('EXTEND2 without an identity');
  if (handshakeType === HandshakeType.TAP) throw violation('EXTEND2 with a TAP handshake');
  if (handshakeType === HandshakeType.NTOR && handshake.length !== 84) throw violation('a bad ntor onionskin');
  return { target: keepTarget(target), handshakeType, handshake: handshake.slice() };
}

/** Specifiers point into the receive buffer. */
function keepTarget(target: ExtendTarget): ExtendTarget {
  const endpoint = (at: { readonly address: Uint8Array; readonly port: number }) => ({
    address: at.address.slice(),
    port: at.port,
  });
  return {
    rsa: target.rsa.slice(),
    ...(target.ed25519 !== undefined && { ed25519: target.ed25519.slice() }),
    ...(target.ipv4 !== undefined && { ipv4: endpoint(target.ipv4) }),
    ...(target.ipv6 !== undefined && { ipv6: endpoint(target.ipv6) }),
  };
}
