/** What the client role tells: the control port and the log listen. spec: control-spec 4.1.10 */
export interface ClientEvents {
  /** An application resolves names itself. */
  dangerousSocks: { readonly protocol: 4 | 5; readonly address: string; readonly port: number };
  /** What came to a SocksPort is not SOCKS. */
  unknownProtocol: { readonly data: Uint8Array };
  badHostname: { readonly hostname: string };
  dangerousPort: { readonly port: number; readonly rejected: boolean };
  /** An application asked for something: the node is not idle. */
  activity: { readonly portKind: string };
  listening: { readonly kind: string; readonly address: string };
}
