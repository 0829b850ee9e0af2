import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** PADDING_NEGOTIATE: a client turns a padding machine of a hop on or off. spec: padding-spec 3 */
export interface CircuitPaddingNegotiate {
  readonly command: 'start' | 'stop';
  readonly machineType: number;
  readonly echoRequest: boolean;
  /** Which run of the machine is meant; 0 means any. */
  readonly machineCounter: number;
}

/** PADDING_NEGOTIATED: the hop's answer. */
export interface CircuitPaddingNegotiated {
  readonly command: 'start' | 'stop';
  readonly ok: boolean;
  readonly machineType: number;
  readonly machineCounter: number;
}

/** Hides whether a circuit is an introduction or rendezvous circuit while it is set up. */
export const circuitSetupMachine = 1;

const stop = 1;
const start = 2;

/** Version 0 (1), command (1), machine type (1), echo (1), counter (4). */
export function encodePaddingNegotiate(message: CircuitPaddingNegotiate): Uint8Array {
  return new Writer(8)
    .u8(0)
    .u8(message.command === 'start' ? start : stop)
    .u8(message.machineType)
    .u8(message.echoRequest ? 1 : 0)
    .u32(message.machineCounter)
    .finish();
}

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodePaddingNegotiate(body: Uint8Array): CircuitPaddingNegotiate {
  const reader = new Reader(body);
  version(reader);
  const command = readCommand(reader);
  const machineType = reader.u8();
  const echo = reader.u8();
  if (echo > 1) throw outOfRange('echo', echo);
  return { command, machineType, echoRequest: echo === 1, machineCounter: reader.u32() };
}

/** Version 0 (1), command (1), response (1: 1 good, 2 error), machine type (1), counter (4). */
export function encodePaddingNegotiated(message: CircuitPaddingNegotiated): Uint8Array {
  return new Writer(8)
    .u8(0)
    .u8(message.command === 'start' ? start : stop)
    .u8(message.ok ? 1 : 2)
    .u8(message.machineType)
    .u32(message.machineCounter)
    .finish();
}

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodePaddingNegotiated(body: Uint8Array): CircuitPaddingNegotiated {
  const reader = new Reader(body);
  version(reader);
  const command = readCommand(reader);
  const response = reader.u8();
  if (response !== 1 && response !== 2) throw outOfRange('response', response);
  return { command, ok: response === 1, machineType: reader.u8(), machineCounter: reader.u32() };
}

function version(reader: Reader): void {
  const value = reader.u8();
  if (value !== 0) throw outOfRange('version', value);
}

function readCommand(reader: Reader): 'start' | 'stop' {
  const command = reader.u8();
  if (command === start) return 'start';
  if (command === stop) return 'stop';
  throw outOfRange('command', command);
}

const outOfRange = (field: string, value: number): TorError =>
  new TorError('VALUE_OUT_OF_RANGE', 'circuit padding message', { facts: { field, value } });
