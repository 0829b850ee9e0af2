/** What an application asked its local proxy for. */
export type ProxyCommand = 'connect' | 'resolve' | 'resolve-ptr';

export interface ProxyRequest {
  /** Which protocol the application spoke; streams may be isolated by it. */
  readonly protocol: 'socks4' | 'socks5' | 'http-connect';
  readonly command: ProxyCommand;
  /** Host name or IP address text; an IPv6 address given in binary comes in brackets, as C tor keeps it. */
  readonly address: string;
  readonly port: number;
  /** The application resolved the name itself: what SafeSocks and TestSocks warn of. */
  readonly addressIsIp: boolean;
  /** Credentials or isolation headers, for isolation only; undefined when the application sent none. */
  readonly auth?: ProxyAuth;
}

/** Credentials are bytes, not text: nothing says which encoding an application used. */
export interface ProxyAuth {
  readonly username: Uint8Array;
  readonly password: Uint8Array;
}

/** Why a request was refused; the text is C tor's where it has one. */
export type ProxyRefusal =
  | 'malformed'
  | 'unknown-version'
  | 'no-acceptable-method'
  | 'unknown-extension'
  | 'bad-command'
  | 'bad-address-type'
  | 'bad-hostname'
  | 'too-long'
  | 'not-connect'
  | 'rpc-not-supported';

/**
 * What one push of bytes led to. `reply` goes to the application now, whatever the status; it may be empty.
 * After `request` or `refused` the machine is finished.
 */
export type ProxyStep =
  | { readonly status: 'more'; readonly reply: Uint8Array }
  | {
      readonly status: 'request';
      readonly reply: Uint8Array;
      readonly request: ProxyRequest;
      /** What the application sent after its request: the first bytes of the stream. */
      readonly remainder: Uint8Array;
    }
  | {
      readonly status: 'refused';
      readonly reply: Uint8Array;
      readonly refusal: ProxyRefusal;
      /** For the log. */
      readonly message: string;
      /** For the log: `protocol` warnings are of no interest to most users. */
      readonly domain: 'app' | 'protocol';
      readonly firstBytes: Uint8Array;
    };

/** Either machine. */
export interface ProxyHandshake {
  push(chunk: Uint8Array): ProxyStep;
}
