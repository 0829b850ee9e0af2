/** What is known of one connection to an onion service, in the order in which it comes about. Relays by nickname. */
export type TaleStep =
  | { readonly step: 'introduction-points'; readonly relays: readonly string[] }
  | { readonly step: 'uploaded'; readonly descriptors: readonly (readonly string[])[] }
  | { readonly step: 'fetched'; readonly hsDir: string; readonly path: readonly string[] }
  | { readonly step: 'rendezvous'; readonly relay: string; readonly path: readonly string[] }
  | { readonly step: 'introduced'; readonly relay: string; readonly path: readonly string[] }
  | { readonly step: 'joined'; readonly relay: string; readonly path: readonly string[] }
  /** From the client's guard to the service's. */
  | { readonly step: 'connected'; readonly relays: readonly string[] };

interface CircuitLine {
  readonly id: string;
  readonly status: string;
  readonly path: readonly string[];
  readonly purpose: string;
  readonly hsState: string;
}

/** `$FINGERPRINT~nickname` */
const nickname = (relay: string): string => relay.split('~')[1] ?? relay;

/** A CIRC or CIRC_MINOR event, or a line of circuit-status. spec: control-spec 4.1.1 */
function circuitOf(line: string): CircuitLine {
  const [id = '', status = '', ...rest] = line.split(' ');
  const path = rest[0]?.startsWith('$') === true ? rest[0].split(',').map(nickname) : [];
  const value = (key: string): string => rest.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1) ?? '';
  return { id, status, path, purpose: value('PURPOSE'), hsState: value('HS_STATE') };
}

const last = (path: readonly string[]): string => path.at(-1) ?? '';

/** The service's side: introduction points and where its descriptors went. */
export class ServiceTale {
  readonly #intro = new Map<string, string>();
  readonly #uploads = new Map<string, Set<string>>();
  #rendezvous: readonly string[] = [];

  /** An event without its code, CIRC, CIRC_MINOR and HS_DESC; others are nothing to it. */
  hear(event: string): void {
    const [kind = '', rest = ''] = event.split(/ (.*)/s);
    if (kind === 'HS_DESC') this.#descriptor(rest);
    if (kind === 'CIRC' || kind === 'CIRC_MINOR') this.#circuit(circuitOf(rest));
  }

  #descriptor(text: string): void {
    const [action, , , relay = '', id = ''] = text.split(' ');
    if (action !== 'UPLOAD') return;
    const relays = this.#uploads.get(id) ?? new Set<string>();
    this.#uploads.set(id, relays.add(nickname(relay)));
  }

  #circuit({ id, status, path, purpose, hsState }: CircuitLine): void {
    if (purpose === 'HS_SERVICE_INTRO' && hsState === 'HSSI_ESTABLISHED') this.#intro.set(id, last(path));
    if (status === 'CLOSED' || status === 'FAILED') this.#intro.delete(id);
    else if (purpose === 'HS_SERVICE_REND' && path.length > this.#rendezvous.length) this.#rendezvous = path;
  }

  get introPoints(): TaleStep {
    return { step: 'introduction-points', relays: [...new Set(this.#intro.values())] };
  }

  get uploaded(): TaleStep {
    return { step: 'uploaded', descriptors: [...this.#uploads.values()].map((relays) => [...relays]) };
  }

  /** From the service's guard to the rendezvous point. */
  get rendezvousPath(): readonly string[] {
    return this.#rendezvous;
  }
}

/** The client's side, told step by step as it happens. */
export class ClientTale {
  readonly #tell: (step: TaleStep) => void;
  readonly #paths = new Map<string, readonly string[]>();
  #rendezvous: readonly string[] = [];

  constructor(tell: (step: TaleStep) => void) {
    this.#tell = tell;
  }

  hear(event: string): void {
    const [kind = '', rest = ''] = event.split(/ (.*)/s);
    if (kind === 'HS_DESC') this.#descriptor(rest);
    if (kind === 'CIRC' || kind === 'CIRC_MINOR') this.#circuit(circuitOf(rest));
  }

  /** From the client's guard to the rendezvous point. */
  get rendezvousPath(): readonly string[] {
    return this.#rendezvous;
  }

  #descriptor(text: string): void {
    const [action, , , relay = ''] = text.split(' ');
    if (action !== 'RECEIVED') return;
    const hsDir = nickname(relay);
    const path = [...this.#paths.values()].findLast((each) => last(each) === hsDir) ?? [hsDir];
    this.#tell({ step: 'fetched', hsDir, path });
  }

  #circuit({ id, path, purpose, hsState }: CircuitLine): void {
    if (purpose === 'HS_CLIENT_HSDIR') this.#paths.set(id, path);
    if (purpose === 'HS_CLIENT_REND' && hsState === 'HSCR_ESTABLISHED_IDLE') {
      this.#rendezvous = path;
      this.#tell({ step: 'rendezvous', relay: last(path), path });
    }
    if (purpose === 'HS_CLIENT_REND' && hsState === 'HSCR_JOINED') this.#rendezvous = path;
    if (purpose === 'HS_CLIENT_INTRO' && hsState === 'HSCI_INTRO_SENT') {
      this.#tell({ step: 'introduced', relay: last(path), path });
    }
  }
}

/** The end of the tale: both circuits meet at the rendezvous point. */
export function joinedSteps(client: ClientTale, service: ServiceTale): TaleStep[] {
  const path = service.rendezvousPath;
  const relays = [...client.rendezvousPath, ...path.slice(0, -1).reverse()];
  return [
    { step: 'joined', relay: last(path), path },
    { step: 'connected', relays },
  ];
}
