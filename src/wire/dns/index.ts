export {
  DnsClass,
  type DnsMessage,
  type DnsQuestion,
  DnsRcode,
  type DnsRecord,
  DnsType,
  decodeDnsMessage,
  encodeDnsMessage,
} from './message.ts';
