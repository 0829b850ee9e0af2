import { bytesEqual } from '../../base/bytes/index.ts';
import { type Facts, TorError } from '../../base/errors/index.ts';
import type { IpBytes } from '../../base/ip/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import { ed25519Verify, RunningHash, secretEqual, sha256 } from '../../crypto/primitives/index.ts';
import {
  authMethodEd25519,
  CellCommand,
  CertsCellType,
  type CertsEntry,
  cellCommandName,
  decodeAuthChallenge,
  decodeAuthenticate,
  decodeAuthenticateBody,
  decodeCerts,
  decodeNetinfo,
  decodeVersions,
  encodeAuthChallenge,
  encodeAuthenticate,
  encodeAuthenticateFields,
  encodeCerts,
  encodeNetinfo,
  encodeVersions,
  type Netinfo,
} from '../../wire/cell/index.ts';
import type { RelayIdentity } from '../../wire/linkspec/index.ts';
import { checkInitiatorCerts, checkResponderCerts, type ProvenIdentity } from './certificates.ts';
import type { LinkCredentials } from './credentials.ts';
import type { TlsBinding } from './transport.ts';

const exporterLabel = 'EXPORTER FOR TOR TLS CLIENT BINDING AUTH0003';
/** A NETINFO that took longer says nothing about the clock. */
const maxSkewDelayMs = 180_000;

export interface HandshakeDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly tls: TlsBinding;
}

interface CommonOptions {
  /** Link protocols to offer: 4 and 5. */
  readonly versions: readonly number[];
  /** The peer's address as our socket sees it; undefined behind a proxy. */
  readonly peerAddress: IpBytes | undefined;
  /** Our published addresses: relays only. */
  readonly ownAddresses: readonly IpBytes[];
}

export interface InitiatorOptions extends CommonOptions {
  readonly role: 'initiator';
  /** Who must answer; empty when anybody may (a bridge whose key we do not know). */
  readonly expected: RelayIdentity;
  /** Given by a public relay, which then authenticates itself; clients and bridges stay anonymous. */
  readonly credentials?: LinkCredentials;
}

export interface ResponderOptions extends CommonOptions {
  readonly role: 'responder';
  readonly credentials: LinkCredentials;
}

export type HandshakeOptions = InitiatorOptions | ResponderOptions;

/** What an open link knows. */
export interface HandshakeResult {
  readonly identity: ProvenIdentity | undefined;
  /** Peer's clock minus ours in whole seconds; undefined when nothing can be said. */
  readonly clockSkewMs: number | undefined;
  /** Our address as the peer sees it. */
  readonly ownAddressSeen: IpBytes | undefined;
  /** The peer itself claims the address we see it at. spec: tor-spec 5.3.1 */
  readonly canonical: boolean;
}

/** What the handshake may do to its channel. */
export interface HandshakeActions {
  /** A whole variable-length cell. */
  sendRaw(cell: Uint8Array): void;
  sendFixed(command: number, body: Uint8Array): void;
  /** Versions are agreed; circuit ids have four bytes from now on, both ways. */
  agreed(linkProtocol: number): void;
  /** Certificates (and AUTHENTICATE, when the peer is the initiator) proved who the peer is. */
  proved(identity: ProvenIdentity): void;
  open(result: HandshakeResult): void;
}

/**
 * The link handshake, both roles. Every method throws a typed error when the peer breaks the rules, and the channel then
 * closes. spec: tor-spec 4
 *
 * Initiator: VERSIONS ->, <- VERSIONS, CERTS, AUTH_CHALLENGE, NETINFO; then NETINFO -> (a relay sends CERTS after
 * VERSIONS and AUTHENTICATE before NETINFO).
 */
export class LinkHandshake {
  readonly #deps: HandshakeDeps;
  readonly #options: HandshakeOptions;
  readonly #actions: HandshakeActions;
  readonly #sentLog = new RunningHash('sha256');
  readonly #receivedLog = new RunningHash('sha256');
  #state: 'versions' | 'agreed' | 'done' = 'versions';
  #versionsSentAtMs = 0;
  #certs: ProvenIdentity | undefined;
  #challenged = false;
  #authenticated = false;
  #netinfoSent = false;

  constructor(deps: HandshakeDeps, options: HandshakeOptions, actions: HandshakeActions) {
    this.#deps = deps;
    this.#options = options;
    this.#actions = actions;
  }

  /** The initiator speaks first. */
  start(): void {
    if (this.#options.role === 'initiator') this.#sendVersions();
  }

  /** `whole` is the cell as it came, its body from `bodyAt`. */
  variable(circuit: number, command: number, whole: Uint8Array, bodyAt: number): void {
    if (command !== CellCommand.AUTHENTICATE) this.#receivedLog.update(whole);
    const body = whole.subarray(bodyAt);
    if (command === CellCommand.VPADDING || command === CellCommand.AUTHORIZE) return;
    if (command === CellCommand.VERSIONS) {
      if (this.#state === 'versions') this.#versions(body);
      return;
    }
    if (this.#state === 'versions') throw violation('before VERSIONS', command);
    switch (command) {
      case CellCommand.CERTS:
        this.#certsCell(circuit, body);
        return;
      case CellCommand.AUTH_CHALLENGE:
        this.#authChallenge(circuit, body);
        return;
      case CellCommand.AUTHENTICATE:
        this.#authenticate(body);
        return;
      default:
        // Unknown variable-length cells are for the future.
        return;
    }
  }

  fixed(command: number, body: Uint8Array): void {
    if (command !== CellCommand.NETINFO || this.#state !== 'agreed') throw violation('in the link handshake', command);
    if (this.#options.role === 'initiator' && !this.#authenticated) throw violation('before CERTS', command);
    const netinfo = decodeNetinfo(body);
    if (!this.#netinfoSent) this.#sendNetinfo();
    this.#state = 'done';
    this.#actions.open(this.#result(netinfo));
  }

  // VERSIONS

  #sendVersions(): void {
    this.#versionsSentAtMs = this.#deps.clock.monotonic();
    this.#sendVariable(CellCommand.VERSIONS, encodeVersions(this.#options.versions));
  }

  #versions(body: Uint8Array): void {
    const theirs = decodeVersions(body);
    const common = this.#options.versions.filter((version) => theirs.includes(version));
    if (common.length === 0) throw new TorError('CHANNEL_VERSIONS', undefined, { facts: { theirs: theirs.join(' ') } });
    this.#state = 'agreed';
    if (this.#options.role === 'responder') this.#sendVersions();
    this.#actions.agreed(Math.max(...common));
    const credentials = this.#options.credentials;
    if (credentials === undefined) return;
    this.#sendVariable(CellCommand.CERTS, encodeCerts(ownCerts(credentials, this.#options.role)));
    if (this.#options.role === 'responder') {
      const challenge = this.#deps.random.bytes(32);
      const body = encodeAuthChallenge({ challenge, methods: [authMethodEd25519] });
      this.#sendVariable(CellCommand.AUTH_CHALLENGE, body);
      this.#sendNetinfo();
    }
  }

  // CERTS

  #certsCell(circuit: number, body: Uint8Array): void {
    if (this.#certs !== undefined) throw violation('twice', CellCommand.CERTS);
    if (circuit !== 0) throw violation('with a circuit id', CellCommand.CERTS);
    const entries = decodeCerts(body);
    const nowMs = this.#deps.clock.now();
    if (this.#options.role === 'responder') {
      this.#certs = checkInitiatorCerts(entries, nowMs);
      return;
    }
    this.#certs = checkResponderCerts(entries, this.#deps.tls.certificate, nowMs);
    expectIdentity(this.#options.expected, this.#certs);
    this.#authenticated = true;
    this.#actions.proved(this.#certs);
    // A client has nothing to prove and need not wait for AUTH_CHALLENGE.
    if (this.#options.credentials === undefined) this.#sendNetinfo();
  }

  // AUTH_CHALLENGE and AUTHENTICATE

  #authChallenge(circuit: number, body: Uint8Array): void {
    const command = CellCommand.AUTH_CHALLENGE;
    if (this.#options.role === 'responder') throw violation('from an initiator', command);
    if (this.#challenged) throw violation('twice', command);
    if (this.#certs === undefined) throw violation('before CERTS', command);
    if (circuit !== 0) throw violation('with a circuit id', command);
    const { methods } = decodeAuthChallenge(body);
    this.#challenged = true;
    const credentials = this.#options.credentials;
    if (credentials === undefined) return;
    if (methods.includes(authMethodEd25519) && this.#certs.ed25519 !== undefined) {
      this.#sendAuthenticate(credentials, this.#certs);
    }
    if (!this.#netinfoSent) this.#sendNetinfo();
  }

  #sendAuthenticate(credentials: LinkCredentials, peer: ProvenIdentity): void {
    const random = this.#deps.random.bytes(24);
    const fields = this.#authenticateFields(credentials, peer, 'initiator');
    const signed = new Uint8Array(fields.length + random.length);
    signed.set(fields);
    signed.set(random, fields.length);
    const signature = credentials.signAuth(signed);
    const body = new Uint8Array(signed.length + signature.length);
    body.set(signed);
    body.set(signature, signed.length);
    this.#sendVariable(CellCommand.AUTHENTICATE, encodeAuthenticate({ type: authMethodEd25519, body }));
  }

  #authenticate(body: Uint8Array): void {
    const command = CellCommand.AUTHENTICATE;
    if (this.#options.role === 'initiator') throw violation('from a responder', command);
    if (this.#authenticated) throw violation('twice', command);
    if (this.#certs?.authKey === undefined) throw violation('before CERTS', command);
    const message = decodeAuthenticate(body);
    if (message.type !== authMethodEd25519) throw violation('of an unknown type', command, { type: message.type });
    const { fields, signed, signature } = decodeAuthenticateBody(message.body);
    const expected = this.#authenticateFields(this.#options.credentials, this.#certs, 'responder');
    if (!secretEqual(fields, expected)) throw violation('with unexpected fields', command);
    if (!ed25519Verify(signature, signed, this.#certs.authKey)) {
      throw new TorError('BAD_SIGNATURE', 'AUTHENTICATE signature');
    }
    this.#authenticated = true;
    this.#actions.proved(this.#certs);
  }

  #authenticateFields(own: LinkCredentials, peer: ProvenIdentity, role: 'initiator' | 'responder'): Uint8Array {
    const ownRsa = sha256(own.rsaKey);
    const peerEd25519 = peer.ed25519 ?? new Uint8Array(32);
    const sent = this.#sentLog.peek();
    const received = this.#receivedLog.peek();
    const weInitiate = role === 'initiator';
    const initiatorEd25519 = weInitiate ? own.ed25519 : peerEd25519;
    const initiatorRsa = weInitiate ? ownRsa : peer.rsaSha256;
    return encodeAuthenticateFields({
      initiatorRsa,
      responderRsa: weInitiate ? peer.rsaSha256 : ownRsa,
      initiatorEd25519,
      responderEd25519: weInitiate ? peerEd25519 : own.ed25519,
      responderLog: weInitiate ? received : sent,
      initiatorLog: weInitiate ? sent : received,
      tlsCertificate: sha256(this.#deps.tls.certificate),
      // The specification says the Ed25519 identity is the exporter's context; C tor uses the RSA digest (CID).
      tlsSecrets: this.#deps.tls.exportKeyingMaterial(exporterLabel, initiatorRsa, 32),
    });
  }

  // NETINFO

  #sendNetinfo(): void {
    this.#netinfoSent = true;
    const { role, credentials, peerAddress, ownAddresses } = this.#options;
    // Clients tell neither their time nor their address.
    const open = role === 'responder' || credentials !== undefined;
    const body = encodeNetinfo({
      timestamp: open ? Math.floor(this.#deps.clock.now() / 1000) : 0,
      otherAddress: peerAddress,
      myAddresses: open ? ownAddresses : [],
    });
    this.#actions.sendFixed(CellCommand.NETINFO, body);
  }

  #result(netinfo: Netinfo): HandshakeResult {
    const { peerAddress } = this.#options;
    return {
      identity: this.#authenticated ? this.#certs : undefined,
      clockSkewMs: this.#clockSkewMs(netinfo.timestamp),
      ownAddressSeen: netinfo.otherAddress,
      canonical: peerAddress !== undefined && netinfo.myAddresses.some((own) => bytesEqual(own, peerAddress)),
    };
  }

  #clockSkewMs(timestamp: number): number | undefined {
    if (timestamp === 0 || !this.#authenticated) return undefined;
    if (this.#deps.clock.monotonic() - this.#versionsSentAtMs > maxSkewDelayMs) return undefined;
    return (timestamp - Math.floor(this.#deps.clock.now() / 1000)) * 1000;
  }

  #sendVariable(command: number, body: Uint8Array): void {
    // VERSIONS decides how long circuit ids are, so its own is of the old length.
    const cell = variableCell(command === CellCommand.VERSIONS ? 2 : 4, command, body);
    this.#sentLog.update(cell);
    this.#actions.sendRaw(cell);
  }
}

/** A variable-length cell with circuit id 0. */
function variableCell(idLength: 2 | 4, command: number, body: Uint8Array): Uint8Array {
  const cell = new Uint8Array(idLength + 3 + body.length);
  cell[idLength] = command;
  cell[idLength + 1] = body.length >>> 8;
  cell[idLength + 2] = body.length;
  cell.set(body, idLength + 3);
  return cell;
}

function ownCerts(credentials: LinkCredentials, role: 'initiator' | 'responder'): CertsEntry[] {
  const common: CertsEntry[] = [
    { type: CertsCellType.RSA_IDENTITY, body: credentials.rsaIdentityCert },
    { type: CertsCellType.ED25519_SIGNING, body: credentials.signingCert },
  ];
  const cross: CertsEntry = { type: CertsCellType.RSA_ED25519_CROSS, body: credentials.crossCert };
  if (role === 'initiator') return [...common, { type: CertsCellType.ED25519_AUTH, body: credentials.authCert }, cross];
  return [
    { type: CertsCellType.RSA_LINK, body: credentials.tlsCert },
    ...common,
    { type: CertsCellType.ED25519_LINK, body: credentials.linkCert },
    cross,
  ];
}

/** A key we did not ask for is fine; one we asked for must be there. */
function expectIdentity(expected: RelayIdentity, proven: ProvenIdentity): void {
  const rsaOk = expected.rsa === undefined || bytesEqual(expected.rsa, proven.rsa);
  const edOk =
    expected.ed25519 === undefined || (proven.ed25519 !== undefined && bytesEqual(expected.ed25519, proven.ed25519));
  if (!rsaOk || !edOk) {
    throw new TorError('CHANNEL_IDENTITY', undefined, { facts: { rsaMatches: rsaOk, ed25519Matches: edOk } });
  }
}

function violation(how: string, command: number, facts: Facts = {}): TorError {
  return new TorError('CHANNEL_PROTOCOL', `${cellCommandName(command)} ${how}`, { facts });
}
