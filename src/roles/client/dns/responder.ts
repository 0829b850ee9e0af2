import { base16 } from '../../../base/bytes/index.ts';
import { formatIp } from '../../../base/ip/index.ts';
import {
  DnsClass,
  type DnsMessage,
  type DnsQuestion,
  DnsRcode,
  type DnsRecord,
  DnsType,
  decodeDnsMessage,
  encodeDnsMessage,
} from '../../../wire/dns/index.ts';
import { parsePtrName } from '../destination.ts';
import type { Resolution } from '../resolution.ts';

/** What a DNS query asks of the Tor network. */
export interface DnsLookup {
  readonly query: DnsMessage;
  readonly question: DnsQuestion;
  readonly command: 'resolve' | 'resolve-ptr';
  /** The name, or the address of a reverse look-up. */
  readonly name: string;
}

const minTtlSec = 60;

/**
 * Reads a query. Gives the answer to send at once when there is nothing to look up, or undefined when there is nothing
 * to answer at all: it was no query. Only the first question of a kind that exits answer counts, as in C tor.
 */
export function readQuery(
  packet: Uint8Array,
): { readonly lookup: DnsLookup } | { readonly answer: Uint8Array } | undefined {
  const query = tryDecode(packet);
  if (query === undefined || query.isResponse) return undefined;
  if (query.opcode !== 0) return { answer: respond(query, DnsRcode.notImplemented) };
  if (query.questions.length === 0) return { answer: respond(query, DnsRcode.noError) };
  const question = query.questions.find(isSupported);
  if (question === undefined) return { answer: respond(query, DnsRcode.notImplemented) };
  if (question.name === '' || question.name.length > 255) return { answer: respond(query, DnsRcode.formatError) };
  if (question.type !== DnsType.ptr) {
    return { lookup: { query, question, command: 'resolve', name: question.name } };
  }
  const ip = parsePtrName(question.name);
  if (ip === undefined) return { answer: respond(query, DnsRcode.nxDomain) };
  return { lookup: { query, question, command: 'resolve-ptr', name: formatIp(ip) } };
}

function tryDecode(packet: Uint8Array): DnsMessage | undefined {
  try {
    return decodeDnsMessage(packet);
  } catch {
    return undefined;
  }
}

function isSupported(question: DnsQuestion): boolean {
  const { type } = question;
  return question.class === DnsClass.in && (type === DnsType.a || type === DnsType.aaaa || type === DnsType.ptr);
}

/** The response to a look-up. */
export function answerQuery(lookup: DnsLookup, resolution: Resolution): Uint8Array {
  const { query, question } = lookup;
  switch (resolution.kind) {
    case 'not-found':
      return respond(query, DnsRcode.nxDomain);
    case 'failed':
      return respond(query, DnsRcode.serverFailure);
    case 'nothing':
      return respond(query, DnsRcode.noError);
    default: {
      const record = recordOf(question, resolution);
      return respond(query, DnsRcode.noError, record === undefined ? [] : [record]);
    }
  }
}

function recordOf(
  question: DnsQuestion,
  resolution: Extract<Resolution, { kind: 'address' | 'hostname' }>,
): DnsRecord | undefined {
  const base = { name: question.name, class: DnsClass.in, ttlSec: Math.max(minTtlSec, resolution.ttlSec) };
  if (resolution.kind === 'hostname') {
    if (question.type !== DnsType.ptr) return undefined;
    return { ...base, type: DnsType.ptr, data: new Uint8Array(0), target: resolution.name };
  }
  const type = resolution.ip.length === 4 ? DnsType.a : DnsType.aaaa;
  return type === question.type ? { ...base, type, data: resolution.ip } : undefined;
}

export function respond(query: DnsMessage, rcode: number, answers: readonly DnsRecord[] = []): Uint8Array {
  const response = {
    ...query,
    isResponse: true,
    authoritative: false,
    truncated: false,
    recursionAvailable: true,
    rcode,
    answers,
  };
  try {
    return encodeDnsMessage(response);
  } catch {
    // A name that cannot be written (an exit's doing): say so rather than stay silent.
    return encodeDnsMessage({ ...response, rcode: DnsRcode.serverFailure, questions: [], answers: [] });
  }
}

/** Tells apart a client's repeated queries, which are answered once. */
export function queryKey(packet: Uint8Array, from: string): string {
  return `${from}/${base16(packet)}`;
}
