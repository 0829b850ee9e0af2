import { Reader } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { type Protover, supports } from '../../wire/protover/index.ts';
import {
  CircuitExtension,
  decodeExtensions,
  decodeSubprotocolRequest,
  type ExtensionField,
  encodeExtensions,
  encodeSubprotocolRequest,
  findExtension,
  relayCgoVersion,
  SubprotocolId,
} from '../../wire/relaymsg/index.ts';
import type { CongestionParams } from './params.ts';

/** What a client asks of one hop. */
export interface CircuitRequest {
  readonly handshake: 'ntor' | 'ntor-v3';
  /** Encoded extension list of ntor-v3. */
  readonly message: Uint8Array;
  readonly congestion: boolean;
  readonly cgo: boolean;
}

/** What both sides agreed on for one hop. */
export interface CircuitSettings {
  /** Undefined: fixed windows. */
  readonly sendmeInc: number | undefined;
  readonly cgo: boolean;
}

const canCongestion = (protover: Protover): boolean =>
  supports(protover, 'FlowCtrl', 2) && supports(protover, 'Relay', 4);

const canCgo = (protover: Protover): boolean =>
  supports(protover, 'FlowCtrl', 2) && supports(protover, 'Relay', 5) && supports(protover, 'Relay', 6);

/**
 * Chooses the handshake and its extensions exactly as C tor 0.4.9 does (`circuit_pick_create_handshake`,
 * `client_circ_negotiation_message`): an exit hop with congestion control gets ntor-v3 and the request, and the request
 * for CGO when it can; another hop that could do CGO gets ntor-v3 with an empty list; the rest get ntor.
 */
export function requestFor(
  target: { readonly protover: Protover; readonly ed25519?: Uint8Array },
  options: { readonly exit: boolean; readonly cgo: boolean; readonly congestion: CongestionParams },
): CircuitRequest {
  const none = { message: new Uint8Array(0), congestion: false, cgo: false };
  const { protover } = target;
  const cgo = canCgo(protover) && options.cgo;
  const congestion = options.exit && options.congestion.enabled && canCongestion(protover);
  const possible = target.ed25519 !== undefined && supports(protover, 'Relay', 4);
  if (!possible || (!congestion && !cgo)) return { handshake: 'ntor', ...none };
  const fields: ExtensionField[] = [];
  if (congestion) fields.push({ type: CircuitExtension.CC_REQUEST, body: new Uint8Array(0) });
  if (congestion && cgo) {
    const body = encodeSubprotocolRequest([{ protocol: SubprotocolId.RELAY, version: relayCgoVersion }]);
    fields.push({ type: CircuitExtension.SUBPROTOCOL_REQUEST, body });
  }
  return { handshake: 'ntor-v3', message: encodeExtensions(fields), congestion, cgo: congestion && cgo };
}

/** Reads a relay's answer to a request. Throws HANDSHAKE_FAILED, TRUNCATED. */
export function readAnswer(message: Uint8Array, request: CircuitRequest, params: CongestionParams): CircuitSettings {
  const field = findExtension(decodeExtensions(message), CircuitExtension.CC_RESPONSE);
  if (field === undefined) {
    if (request.cgo) throw refused('the relay granted no congestion control, which CGO needs');
    return { sendmeInc: undefined, cgo: false };
  }
  if (!request.congestion) throw refused('the relay granted congestion control that was not asked for');
  const sendmeInc = new Reader(field.body).u8();
  if (!isAcceptableSendmeInc(sendmeInc, params)) {
    throw refused(`the relay wants ${sendmeInc} cells for each SENDME`);
  }
  return { sendmeInc, cgo: request.cgo };
}

/** C tor takes no more than one cell above or below the consensus. */
export const isAcceptableSendmeInc = (sendmeInc: number, params: CongestionParams): boolean =>
  sendmeInc > 0 && Math.abs(sendmeInc - params.sendmeInc) <= 1;

export interface ServerAnswer extends CircuitSettings {
  readonly message: Uint8Array;
}

/**
 * A relay's answer to a client's extension list. An unknown or unsorted subprotocol request, and CGO without congestion
 * control, are refused. Throws HANDSHAKE_FAILED, TRUNCATED, VALUE_OUT_OF_RANGE.
 */
export function answerRequest(
  message: Uint8Array,
  params: CongestionParams,
  options: { readonly cgo: boolean },
): ServerAnswer {
  const fields = decodeExtensions(message);
  const congestion = params.enabled && findExtension(fields, CircuitExtension.CC_REQUEST) !== undefined;
  const wanted = findExtension(fields, CircuitExtension.SUBPROTOCOL_REQUEST);
  const requests = wanted === undefined ? [] : decodeSubprotocolRequest(wanted.body);
  for (const { protocol, version } of requests) {
    if (!options.cgo || protocol !== SubprotocolId.RELAY || version !== relayCgoVersion) {
      throw refused('the client asks for a subprotocol we do not have');
    }
  }
  const cgo = requests.length > 0;
  if (cgo && !congestion) throw refused('the client asks for CGO without congestion control');
  const answer = congestion ? [{ type: CircuitExtension.CC_RESPONSE, body: Uint8Array.of(params.sendmeInc) }] : [];
  return { message: encodeExtensions(answer), sendmeInc: congestion ? params.sendmeInc : undefined, cgo };
}

const refused = (why: string): TorError => new TorError('HANDSHAKE_FAILED', why);
