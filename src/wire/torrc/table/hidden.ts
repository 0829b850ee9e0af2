import { option } from './option.ts';

export const hiddenOptions = {
  ___UsingTestNetworkDefaults: option('bool', '0', { invisible: true }),
  __AllDirActionsPrivate: option('bool', '0', {
    nodump: true,
    inert: 'directory requests go as C tor sends them by default',
  }),
  __AlwaysCongestionControl: option('bool', '0', {
    inert: 'congestion control is used wherever the far end offers it',
  }),
  __DisablePredictedCircuits: option('bool', '0', { nodump: true }),
  __DisableSignalHandlers: option('bool', '0', { immutable: true, nodump: true }),
  __HashedControlSessionPassword: option('linelist', undefined, { nodump: true }),
  __LeaveStreamsUnattached: option('bool', '0', { nodump: true }),
  __OwningControllerFD: option('uint64', '18446744073709551615', {
    immutable: true,
    nodump: true,
    inert: 'only __OwningControllerProcess is watched',
  }),
  __OwningControllerProcess: option('string', undefined, { nodump: true }),
  __ReloadTorrcOnSIGHUP: option('bool', '1', { nodump: true }),
  __SbwsExit: option('bool', '0', { inert: 'there is one congestion control for all exits' }),
} as const;
