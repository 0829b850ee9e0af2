/** Relay message commands. spec: tor-spec 6.1, rend-spec 3 and 4, proposals 324 and 329 */
export const RelayCommand = {
  BEGIN: 1,
  DATA: 2,
  END: 3,
  CONNECTED: 4,
  SENDME: 5,
  EXTEND: 6,
  EXTENDED: 7,
  TRUNCATE: 8,
  TRUNCATED: 9,
  DROP: 10,
  RESOLVE: 11,
  RESOLVED: 12,
  BEGIN_DIR: 13,
  EXTEND2: 14,
  EXTENDED2: 15,
  CONFLUX_LINK: 19,
  CONFLUX_LINKED: 20,
  CONFLUX_LINKED_ACK: 21,
  CONFLUX_SWITCH: 22,
  ESTABLISH_INTRO: 32,
  ESTABLISH_RENDEZVOUS: 33,
  INTRODUCE1: 34,
  INTRODUCE2: 35,
  RENDEZVOUS1: 36,
  RENDEZVOUS2: 37,
  INTRO_ESTABLISHED: 38,
  RENDEZVOUS_ESTABLISHED: 39,
  INTRODUCE_ACK: 40,
  PADDING_NEGOTIATE: 41,
  PADDING_NEGOTIATED: 42,
  XOFF: 43,
  XON: 44,
} as const;

const names = new Map<number, string>(Object.entries(RelayCommand).map(([name, command]) => [command, name]));

/** The specification's name of a command, or its number. */
export const relayCommandName = (command: number): string => names.get(command) ?? `${command}`;

/** Whether C tor 0.4.9 knows this command; a version-1 cell with another one closes the circuit. */
export const isKnownRelayCommand = (command: number): boolean => names.has(command);

const withStream = new Uint8Array(256);
for (const command of [
  RelayCommand.BEGIN,
  RelayCommand.BEGIN_DIR,
  RelayCommand.CONNECTED,
  RelayCommand.DATA,
  RelayCommand.END,
  RelayCommand.RESOLVE,
  RelayCommand.RESOLVED,
  RelayCommand.XOFF,
  RelayCommand.XON,
]) {
  withStream[command] = 1;
}

/** Whether a version-1 cell with this command has a stream id field. */
export const carriesStreamId = (command: number): boolean => withStream[command] === 1;
