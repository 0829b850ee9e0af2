/** SOCKS5 reply codes (RFC 1928 section 6) and Tor's extended ones. spec: socks-extensions, proposal 304. */
export const SocksStatus = {
  succeeded: 0x00,
  generalFailure: 0x01,
  notAllowed: 0x02,
  networkUnreachable: 0x03,
  hostUnreachable: 0x04,
  connectionRefused: 0x05,
  ttlExpired: 0x06,
  commandNotSupported: 0x07,
  addressTypeNotSupported: 0x08,
  onionNotFound: 0xf0,
  onionInvalid: 0xf1,
  onionIntroFailed: 0xf2,
  onionRendFailed: 0xf3,
  onionMissingAuth: 0xf4,
  onionWrongAuth: 0xf5,
  onionBadAddress: 0xf6,
  onionIntroTimedOut: 0xf7,
} as const;
export type SocksStatus = (typeof SocksStatus)[keyof typeof SocksStatus];

/** Command bytes; BIND and UDP ASSOCIATE are read but never served. */
export const SocksCommand = {
  connect: 0x01,
  bind: 0x02,
  udpAssociate: 0x03,
  resolve: 0xf0,
  resolvePtr: 0xf1,
} as const;

export const SocksMethod = { noAuth: 0x00, userPass: 0x02, none: 0xff } as const;

/** No SOCKS message that is not complete by then is waited for any longer. The longest legal one has 513 bytes. */
export const maxSocksMessageBytes = 520;
/** A host name at most; as C tor's buffer of 256 with its final zero. */
export const maxHostnameBytes = 255;
