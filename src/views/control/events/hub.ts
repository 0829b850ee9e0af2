import type { Controller } from '../controller.ts';

/** Every event a controller may ask for, in C tor's order. spec: control-spec 4.1 */
export const eventNames = [
  'CIRC',
  'CIRC_MINOR',
  'STREAM',
  'ORCONN',
  'BW',
  'DEBUG',
  'INFO',
  'NOTICE',
  'WARN',
  'ERR',
  'NEWDESC',
  'ADDRMAP',
  'DESCCHANGED',
  'NS',
  'STATUS_GENERAL',
  'STATUS_CLIENT',
  'STATUS_SERVER',
  'GUARD',
  'STREAM_BW',
  'CLIENTS_SEEN',
  'NEWCONSENSUS',
  'BUILDTIMEOUT_SET',
  'SIGNAL',
  'CONF_CHANGED',
  'CONN_BW',
  'CELL_STATS',
  'CIRC_BW',
  'TRANSPORT_LAUNCHED',
  'HS_DESC',
  'HS_DESC_CONTENT',
  'NETWORK_LIVENESS',
  'PT_LOG',
  'PT_STATUS',
] as const;
export type EventName = (typeof eventNames)[number];

interface Subscriber {
  readonly controller: Controller;
  readonly send: (text: string) => void;
}

/** Brings events to the controllers that want them. */
export class EventHub {
  readonly #subscribers = new Set<Subscriber>();
  /** Hears that the events anyone wants may be others now. */
  onInterestChanged: () => void = () => undefined;

  add(controller: Controller, send: (text: string) => void): () => void {
    const subscriber = { controller, send };
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
      this.onInterestChanged();
    };
  }

  wants(name: EventName): boolean {
    for (const { controller } of this.#subscribers) if (controller.events.has(name)) return true;
    return false;
  }

  /** `650 NAME rest`. */
  send(name: EventName, rest: string): void {
    this.sendRaw(name, `650 ${name} ${rest.replace(/[\r\n]+/g, ' ')}\r\n`);
  }

  /** A whole reply, of more than one line. */
  sendRaw(name: EventName, text: string): void {
    for (const { controller, send } of this.#subscribers) if (controller.events.has(name)) send(text);
  }
}
