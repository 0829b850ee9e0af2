import type { CommandHandler } from '../context.ts';
import { mapAddress, resolve } from './addresses.ts';
import {
  attachStream,
  closeCircuit,
  closeStream,
  extendCircuit,
  redirectStream,
  setCircuitPurpose,
} from './circuits.ts';
import { getConf, loadConf, resetConf, saveConf, setConf } from './configuration.ts';
import { addClientAuth, fetchDescriptor, removeClientAuth, viewClientAuth } from './onion-client.ts';
import { addOnion, delOnion } from './onions.ts';
import { dropGuards, dropOwnership, dropTimeouts, getInfo, setEvents, takeOwnership, useFeature } from './session.ts';
import { signal } from './signal.ts';

/** What a controller may say once it is let in. spec: control-spec 3 */
export const commands: ReadonlyMap<string, CommandHandler> = new Map(
  Object.entries({
    ADD_ONION: addOnion,
    ATTACHSTREAM: attachStream,
    CLOSECIRCUIT: closeCircuit,
    CLOSESTREAM: closeStream,
    DEL_ONION: delOnion,
    DROPGUARDS: dropGuards,
    DROPOWNERSHIP: dropOwnership,
    DROPTIMEOUTS: dropTimeouts,
    EXTENDCIRCUIT: extendCircuit,
    GETCONF: getConf,
    GETINFO: getInfo,
    HSFETCH: fetchDescriptor,
    LOADCONF: loadConf,
    MAPADDRESS: mapAddress,
    ONION_CLIENT_AUTH_ADD: addClientAuth,
    ONION_CLIENT_AUTH_REMOVE: removeClientAuth,
    ONION_CLIENT_AUTH_VIEW: viewClientAuth,
    REDIRECTSTREAM: redirectStream,
    RESETCONF: resetConf,
    RESOLVE: resolve,
    SAVECONF: saveConf,
    SETCIRCUITPURPOSE: setCircuitPurpose,
    SETCONF: setConf,
    SETEVENTS: setEvents,
    SIGNAL: signal,
    TAKEOWNERSHIP: takeOwnership,
    USEFEATURE: useFeature,
  }),
);
