import { base64Unpadded } from '../../../base/bytes/index.ts';
import type { OnionService } from '../../../roles/onion/index.ts';
import { dataBlock } from '../../../wire/control/index.ts';
import type { ControlDeps } from '../types.ts';
import type { EventHub } from './hub.ts';

type Off = () => void;

/** HS_DESC of the client and of every service. spec: control-spec 4.1.25 */
export function onionEvents({ parts }: ControlDeps, hub: EventHub): Off[] {
  const relay = (fingerprint: string): string => {
    const nickname = parts.directory.netdir?.byFingerprint(fingerprint)?.nickname;
    return `$${fingerprint}${nickname === undefined ? '' : `~${nickname}`}`;
  };
  const blinded = new Map<string, string>();
  const { events } = parts.onionClient;
  const watched = new Map<OnionService, Off>();
  const watch = (service: OnionService): void => {
    watched.set(service, serviceEvents(service, hub, relay));
  };
  for (const service of parts.services.all) watch(service);
  return [
    events.on('descriptorRequested', ({ service, hsDir, blindedKey }) => {
      const id = base64Unpadded(blindedKey);
      blinded.set(service, id);
      hub.send('HS_DESC', `REQUESTED ${service} NO_AUTH ${relay(hsDir)} ${id}`);
    }),
    events.on('descriptorReceived', ({ service, hsDir, text }) => {
      const id = blinded.get(service) ?? '';
      hub.send('HS_DESC', `RECEIVED ${service} NO_AUTH ${relay(hsDir)} ${id}`.trimEnd());
      const head = `${service} ${id === '' ? 'UNKNOWN' : id} ${relay(hsDir)}`;
      hub.sendRaw('HS_DESC_CONTENT', `650+HS_DESC_CONTENT ${head}\r\n${dataBlock(text)}650 OK\r\n`);
      blinded.delete(service);
    }),
    events.on('descriptorFailed', ({ service, hsDir, reason }) => {
      const id = blinded.get(service);
      hub.send(
        'HS_DESC',
        `FAILED ${service} NO_AUTH ${relay(hsDir)}${id === undefined ? '' : ` ${id}`} REASON=${reason}`,
      );
      hub.sendRaw(
        'HS_DESC_CONTENT',
        `650+HS_DESC_CONTENT ${service} ${id ?? 'UNKNOWN'} ${relay(hsDir)}\r\n${dataBlock('')}650 OK\r\n`,
      );
      blinded.delete(service);
    }),
    parts.services.events.on('added', watch),
    parts.services.events.on('removed', (service) => {
      watched.get(service)?.();
      watched.delete(service);
    }),
    () => {
      for (const off of watched.values()) off();
    },
  ];
}

function serviceEvents(service: OnionService, hub: EventHub, relay: (fingerprint: string) => string): Off {
  const label = service.hostname.replace(/\.onion$/, '');
  const { events } = service;
  const offs = [
    events.on('descriptorCreated', ({ blindedKey }) => {
      hub.send('HS_DESC', `CREATED ${label} UNKNOWN UNKNOWN ${base64Unpadded(blindedKey)}`);
    }),
    events.on('uploading', ({ relay: hsDir, blindedKey }) => {
      hub.send('HS_DESC', `UPLOAD ${label} UNKNOWN ${relay(hsDir)} ${base64Unpadded(blindedKey)}`);
    }),
    events.on('uploaded', ({ relay: hsDir }) => hub.send('HS_DESC', `UPLOADED ${label} UNKNOWN ${relay(hsDir)}`)),
    events.on('uploadFailed', ({ relay: hsDir }) => {
      hub.send('HS_DESC', `FAILED ${label} UNKNOWN ${relay(hsDir)} REASON=UPLOAD_REJECTED`);
    }),
  ];
  return () => {
    for (const off of offs) off();
  };
}
