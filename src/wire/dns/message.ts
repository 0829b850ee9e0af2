import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { readName, writeName } from './name.ts';

/** Types of records, as far as Tor answers or asks for them. spec: RFC 1035 3.2.2, RFC 3596 */
export const DnsType = { a: 1, ns: 2, cname: 5, soa: 6, ptr: 12, txt: 16, aaaa: 28, opt: 41, any: 255 } as const;
export const DnsClass = { in: 1 } as const;
/** spec: RFC 1035 4.1.1 */
export const DnsRcode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nxDomain: 3,
  notImplemented: 4,
  refused: 5,
} as const;

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttlSec: number;
  /** The data as it stands; names inside it are in `target`. */
  readonly data: Uint8Array;
  /** For CNAME, NS and PTR: the name in the data. */
  readonly target?: string;
}

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
}

const headerBytes = 12;
/** Records read of one message; nobody needs more, and a message cannot make us work for more. */
const maxRecords = 256;

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE. Authority and additional sections are not read. spec: RFC 1035 4.1 */
export function decodeDnsMessage(data: Uint8Array): DnsMessage {
  const reader = new Reader(data);
  const id = reader.u16();
  const bits = reader.u16();
  const questionCount = reader.u16();
  const answerCount = reader.u16();
  reader.skip(4);
  if (questionCount + answerCount > maxRecords) {
    throw new TorError('VALUE_OUT_OF_RANGE', 'too many records in a DNS message');
  }
  const cursor = { at: headerBytes };
  const questions: DnsQuestion[] = [];
  for (let i = 0; i < questionCount; i++) questions.push(readQuestion(data, cursor));
  const answers: DnsRecord[] = [];
  for (let i = 0; i < answerCount; i++) answers.push(readRecord(data, cursor));
  return {
    id,
    isResponse: (bits & 0x8000) !== 0,
    opcode: (bits >>> 11) & 15,
    authoritative: (bits & 0x0400) !== 0,
    truncated: (bits & 0x0200) !== 0,
    recursionDesired: (bits & 0x0100) !== 0,
    recursionAvailable: (bits & 0x0080) !== 0,
    rcode: bits & 15,
    questions,
    answers,
  };
}

interface Cursor {
  at: number;
}

function readQuestion(data: Uint8Array, cursor: Cursor): DnsQuestion {
  const { name, end } = readName(data, cursor.at);
  const reader = new Reader(data.subarray(end));
  const type = reader.u16();
  const recordClass = reader.u16();
  cursor.at = end + 4;
  return { name, type, class: recordClass };
}

function readRecord(data: Uint8Array, cursor: Cursor): DnsRecord {
  const { name, end } = readName(data, cursor.at);
  const reader = new Reader(data.subarray(end));
  const type = reader.u16();
  const recordClass = reader.u16();
  const ttlSec = reader.u32();
  const length = reader.u16();
  const body = reader.bytes(length);
  const bodyAt = end + 10;
  cursor.at = bodyAt + length;
  const hasTarget = type === DnsType.cname || type === DnsType.ns || type === DnsType.ptr;
  const target = hasTarget ? readName(data, bodyAt).name : undefined;
  return { name, type, class: recordClass, ttlSec, data: body, ...(target === undefined ? {} : { target }) };
}

/** Names are not compressed. Throws VALUE_OUT_OF_RANGE for names that cannot be written. */
export function encodeDnsMessage(message: DnsMessage): Uint8Array {
  const writer = new Writer(512);
  const bits =
    (message.isResponse ? 0x8000 : 0) |
    (message.opcode << 11) |
    (message.authoritative ? 0x0400 : 0) |
    (message.truncated ? 0x0200 : 0) |
    (message.recursionDesired ? 0x0100 : 0) |
    (message.recursionAvailable ? 0x0080 : 0) |
    message.rcode;
  writer.u16(message.id).u16(bits).u16(message.questions.length).u16(message.answers.length).u16(0).u16(0);
  for (const question of message.questions) {
    writer.bytes(writeName(question.name)).u16(question.type).u16(question.class);
  }
  for (const answer of message.answers) {
    const body = answer.target === undefined ? answer.data : writeName(answer.target);
    writer.bytes(writeName(answer.name)).u16(answer.type).u16(answer.class).u32(answer.ttlSec);
    writer.u16(body.length).bytes(body);
  }
  return writer.finish();
}
