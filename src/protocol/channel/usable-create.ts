import { CellCommand, decodeCreate2, HandshakeType } from '../../wire/cell/index.ts';

/** A CREATE that can be read and is not of the TAP handshake, which is gone from the network. */
export function isUsableCreate(command: number, body: Uint8Array): boolean {
  if (command === CellCommand.CREATE_FAST) return true;
  if (command === CellCommand.CREATE) return false;
  try {
    return decodeCreate2(body).handshakeType !== HandshakeType.TAP;
  } catch {
    return false;
  }
}
