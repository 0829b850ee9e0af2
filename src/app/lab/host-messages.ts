/** To a process with many nodes. Ids tell the runs of nodes apart, also those of one node. */
export type HostRequest =
  | { readonly do: 'start'; readonly id: number; readonly torrc: string }
  | { readonly do: 'stop' | 'reload' | 'retry'; readonly id: number };

/** From it. */
export type HostReport =
  /** Its code is loaded; how many seconds that took. */
  | { readonly ready: number }
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly ended: string };
