/** Channel cell commands. spec: tor-spec 3 */
export const CellCommand = {
  PADDING: 0,
  CREATE: 1,
  CREATED: 2,
  RELAY: 3,
  DESTROY: 4,
  CREATE_FAST: 5,
  CREATED_FAST: 6,
  VERSIONS: 7,
  NETINFO: 8,
  RELAY_EARLY: 9,
  CREATE2: 10,
  CREATED2: 11,
  PADDING_NEGOTIATE: 12,
  VPADDING: 128,
  CERTS: 129,
  AUTH_CHALLENGE: 130,
  AUTHENTICATE: 131,
  AUTHORIZE: 132,
} as const;

const names = new Map<number, string>(Object.entries(CellCommand).map(([name, command]) => [command, name]));

/** The specification's name of a command, or its number. */
export const cellCommandName = (command: number): string => names.get(command) ?? `${command}`;

/** Payload of a fixed-length cell. */
export const cellBodyLength = 509;

/** A whole fixed-length cell on links of version 4 and 5: circuit id (4), command (1), body. */
export const cellLength = 514;

/** VERSIONS and every command from 128 on have a length field. spec: tor-spec 3 */
export const isVariableLength = (command: number): boolean => command >= 128 || command === CellCommand.VERSIONS;
