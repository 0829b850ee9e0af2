import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientTale, joinedSteps, ServiceTale, type TaleStep } from '../../../../src/app/lab/index.ts';

const relay = (name: string): string => `$${'0'.repeat(40)}~${name}`;
const circuit = (id: number, status: string, path: string, words: string): string =>
  `${id} ${status} ${path.split(' ').map(relay).join(',')} BUILD_FLAGS=IS_INTERNAL ${words} TIME_CREATED=2026-11-21T14:40:14.221000`;

const serviceEvents = [
  `CIRC 1 LAUNCHED BUILD_FLAGS=IS_INTERNAL PURPOSE=HS_SERVICE_INTRO TIME_CREATED=2026-11-21T14:40:14.221000`,
  `CIRC_MINOR ${circuit(1, 'PURPOSE_CHANGED', 'g m n elm', 'PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED')}`,
  `CIRC_MINOR ${circuit(2, 'PURPOSE_CHANGED', 'g m n oak', 'PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED')}`,
  `CIRC_MINOR ${circuit(3, 'PURPOSE_CHANGED', 'g m n fir', 'PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED')}`,
  `CIRC ${circuit(2, 'CLOSED', 'g m n oak', 'PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED')}`,
  'HS_DESC CREATED abc UNKNOWN UNKNOWN first',
  `HS_DESC UPLOAD abc UNKNOWN ${relay('one')} first HSDIR_INDEX=00`,
  `HS_DESC UPLOAD abc UNKNOWN ${relay('two')} second`,
  `HS_DESC UPLOAD abc UNKNOWN ${relay('three')} first`,
  `HS_DESC UPLOADED abc UNKNOWN ${relay('three')}`,
  'BW 1 2',
  `CIRC ${circuit(9, 'EXTENDED', 's t', 'PURPOSE=HS_SERVICE_REND')}`,
  `CIRC ${circuit(9, 'BUILT', 's t u rend', 'PURPOSE=HS_SERVICE_REND')}`,
];
const clientEvents = [
  `HS_DESC REQUESTED abc NO_AUTH ${relay('two')} second`,
  `CIRC ${circuit(4, 'BUILT', 'a b c two', 'PURPOSE=HS_CLIENT_HSDIR')}`,
  `HS_DESC RECEIVED abc NO_AUTH ${relay('two')} second`,
  `CIRC_MINOR ${circuit(5, 'PURPOSE_CHANGED', 'a d rend', 'PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_ESTABLISHED_IDLE')}`,
  `CIRC_MINOR ${circuit(6, 'PURPOSE_CHANGED', 'a d e elm', 'PURPOSE=HS_CLIENT_INTRO HS_STATE=HSCI_INTRO_SENT')}`,
  `CIRC_MINOR ${circuit(5, 'PURPOSE_CHANGED', 'a d rend', 'PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_JOINED')}`,
];

test('the tale of a connection is read from the events of both ends', () => {
  const service = new ServiceTale();
  for (const event of serviceEvents) service.hear(event);
  assert.deepEqual(service.introPoints, { step: 'introduction-points', relays: ['elm', 'fir'] });
  assert.deepEqual(service.uploaded, { step: 'uploaded', descriptors: [['one', 'three'], ['two']] });
  const told: TaleStep[] = [];
  const client = new ClientTale((step) => told.push(step));
  for (const event of clientEvents) client.hear(event);
  assert.deepEqual(told, [
    { step: 'fetched', hsDir: 'two', path: ['a', 'b', 'c', 'two'] },
    { step: 'rendezvous', relay: 'rend', path: ['a', 'd', 'rend'] },
    { step: 'introduced', relay: 'elm', path: ['a', 'd', 'e', 'elm'] },
  ]);
  assert.deepEqual(joinedSteps(client, service), [
    { step: 'joined', relay: 'rend', path: ['s', 't', 'u', 'rend'] },
    { step: 'connected', relays: ['a', 'd', 'rend', 'u', 't', 's'] },
  ]);
});
