/**
 * The one table of error codes. A code never changes its meaning; docs/ERRORS.md is checked against it.
 *
 * `kind` says whose fault it is: the peer broke the protocol, the network failed us (a retry may help), the user asked
 * for something impossible, or we have a bug. `fix` tells the user what to do next.
 */
export type ErrorKind = 'protocol' | 'network' | 'usage' | 'resource' | 'bug';

export interface CodeInfo {
  readonly kind: ErrorKind;
  readonly summary: string;
  readonly fix: string;
}

const code = (kind: ErrorKind, summary: string, fix: string): CodeInfo => ({ kind, summary, fix });

const retry = 'The connection is tried again by itself; if it keeps failing, look at the log.';
const peerBroken = 'Nothing to do here: the peer is broken or hostile and was left.';

export const errorCodes = {
  // base
  TRUNCATED: code('protocol', 'A message ends before its last field.', peerBroken),
  TRAILING_BYTES: code('protocol', 'A message goes on after its last field.', peerBroken),
  BAD_ENCODING: code('protocol', 'Text is not valid base16, base32 or base64.', 'Check the value for typing mistakes.'),
  VALUE_OUT_OF_RANGE: code('protocol', 'A field holds a value that the specification forbids.', peerBroken),
  QUEUE_FULL: code('resource', 'A bounded queue is full.', 'Wait until earlier work is done, then try again.'),
  INTERNAL: code('bug', 'Something that cannot happen did.', 'Please report it with the log.'),
  ABORTED: code('usage', 'The caller gave up.', 'Nothing to do: this answers an AbortSignal or a close().'),
  TIMEOUT: code('network', 'The other side did not answer in time.', retry),
  // crypto
  BAD_KEY: code('protocol', 'A key is not a valid key of its kind.', peerBroken),
  BAD_SIGNATURE: code('protocol', 'A signature does not verify.', peerBroken),
  HANDSHAKE_FAILED: code('protocol', 'A circuit handshake does not verify.', retry),
  // wire
  TORRC_SYNTAX: code('usage', 'The configuration file cannot be read.', 'Mend the line the message names.'),
  TORRC_VALUE: code('usage', 'An option has a value it cannot have.', 'Mend the option the message names.'),
  TORRC_UNKNOWN_OPTION: code('usage', 'There is no option of that name.', 'See --list-torrc-options for all names.'),
  CONTROL_SYNTAX: code(
    'usage',
    'A command of a controller cannot be read.',
    'Look at the control specification for the command.',
  ),
  BAD_ADDRESS: code('protocol', 'A stream address cannot be read.', 'Check the address for typing mistakes.'),
  BAD_PROTOVER: code('protocol', 'A list of subprotocol versions cannot be read.', peerBroken),
  NETDOC_SYNTAX: code('protocol', 'A directory document does not have the form it must have.', peerBroken),
  NETDOC_SIGNATURE: code('protocol', 'A signature of a directory document does not verify.', peerBroken),
  CONSENSUS_CERTS_MISSING: code(
    'network',
    'Too few signatures of the consensus can be checked: certificates of authorities are missing or old.',
    'The certificates are fetched by themselves; check the clock of this machine if this goes on.',
  ),
  CONSENSUS_NOT_TRUSTED: code(
    'protocol',
    'Too few of the trusted authorities signed the consensus.',
    'Another directory is asked by itself; check the DirAuthority lines if this goes on.',
  ),
  DIFF_BAD: code('protocol', 'A consensus diff cannot be read.', 'The whole consensus is fetched by itself.'),
  DIFF_MISMATCH: code(
    'protocol',
    'A consensus diff does not belong to the consensus, or does not give what it promises.',
    'The whole consensus is fetched by itself.',
  ),
  ONION_LAYER_UNREADABLE: code(
    'protocol',
    'A layer of an onion service descriptor does not open with the keys at hand.',
    'The descriptor is damaged or of another time period; another directory is asked by itself.',
  ),
  BAD_CERTIFICATE: code('protocol', 'A certificate is not what it should be.', peerBroken),
  CERTIFICATE_EXPIRED: code('protocol', 'A certificate has expired.', 'Check the clock of this machine.'),
  // protocol
  CHANNEL_PROTOCOL: code('protocol', 'The peer broke the link protocol.', peerBroken),
  CHANNEL_VERSIONS: code('protocol', 'The peer speaks no link protocol version that we speak.', peerBroken),
  CHANNEL_IDENTITY: code(
    'protocol',
    'The peer is not the relay it should be.',
    'Check the fingerprint in the configuration; else nothing to do: the peer was left.',
  ),
  CHANNEL_TIMEOUT: code('network', 'The link handshake took too long.', retry),
  CHANNEL_CLOSED: code('network', 'The link to the relay is closed.', retry),
  CIRCUIT_IDS_EXHAUSTED: code('resource', 'The link has no free circuit id.', 'Wait until circuits are closed.'),
  CIRCUIT_ID_IN_USE: code('protocol', 'The peer opened a circuit with an id that is taken.', peerBroken),
  CIRCUIT_PROTOCOL: code('protocol', 'A relay of the circuit broke the protocol; the circuit was closed.', retry),
  CIRCUIT_DESTROYED: code('network', 'A relay closed the circuit.', retry),
  CIRCUIT_CLOSED: code('usage', 'The circuit is closed.', 'Use another circuit.'),
  CIRCUIT_BUSY: code('usage', 'The circuit is being extended already.', 'Wait for the first extend to end.'),
  STREAM_IDS_EXHAUSTED: code('resource', 'The circuit has no free stream id.', 'Use another circuit.'),
  STREAM_ENDED: code('network', 'The far end closed the stream.', 'The reason is in the facts.'),
  STREAM_BACKLOG: code(
    'resource',
    'The far end sent on though it was told to stop.',
    'Read faster, or use another exit.',
  ),
  // network
  CONNECT_FAILED: code('network', 'The connection to the relay failed.', retry),
  LISTEN_FAILED: code(
    'usage',
    'Cannot listen on the address.',
    'Check that the port is free and that this machine has the address.',
  ),
  CONNECT_BACKOFF: code('network', 'The relay failed a moment ago and is not tried again yet.', retry),
  CIRCUIT_FAILED: code('network', 'A circuit could not be built.', retry),
  CIRCUIT_TIMEOUT: code('network', 'A circuit took too long to build.', retry),
  STREAM_FAILED: code(
    'network',
    'The exit could not open the stream.',
    'Check the address; the reason is in the facts.',
  ),
  BAD_BRIDGE_LINE: code('usage', 'A Bridge line cannot be read.', 'Correct the line; the message says what is wrong.'),
  BAD_DIR_SERVER: code(
    'usage',
    'A DirAuthority or FallbackDir line cannot be read.',
    'Correct the line; the message says what is wrong.',
  ),
  DIR_HTTP: code('protocol', 'A directory answered something that is not HTTP as Tor uses it.', peerBroken),
  DIR_STATUS: code('network', 'A directory refused a request.', 'Another directory is asked by itself.'),
  DIR_NO_SERVER: code('network', 'No directory that may be asked is known.', 'It is tried again by itself.'),
  DIR_TOO_LARGE: code('protocol', "A directory's answer is longer than allowed.", peerBroken),
  DIR_COMPRESSION: code('protocol', "A directory's answer does not decompress, or is a compression bomb.", peerBroken),
  DATA_DIRECTORY_LOCKED: code(
    'usage',
    'Another Tor process uses this data directory.',
    'Stop the other process, or give this one another DataDirectory.',
  ),
  STORAGE_FAILED: code(
    'resource',
    'A file in the data directory cannot be read or written.',
    'Check that the disk is not full and that the directory belongs to this user.',
  ),
  BAD_ROUTERSET: code(
    'usage',
    'A list of relays cannot be read.',
    'Name relays by fingerprint, nickname, {cc} country code or address pattern, with commas between.',
  ),
  BAD_GEOIP: code('usage', 'A geoip file cannot be read.', 'Give GeoIPFile a file in the format that Tor ships.'),
  RELAY_NO_DESCRIPTOR: code(
    'network',
    'The descriptor of a relay is not known yet.',
    'Wait until more of the directory is there; it is fetched by itself.',
  ),
  PATH_NO_EXIT: code(
    'network',
    'No usable exit serves what is asked for.',
    'Check ExitNodes and ExcludeNodes, or the port; few exits allow unusual ports.',
  ),
  PATH_NO_MIDDLE: code(
    'network',
    'No relay is left for a middle position.',
    'Check ExcludeNodes, MiddleNodes and HSLayer2Nodes, or wait for more of the directory.',
  ),
  PATH_NO_GUARD: code(
    'network',
    'No guard can be used now.',
    'Check the network connection, EntryNodes and Bridge lines; guards are tried again by themselves.',
  ),
  PATH_TOO_FEW_RELAYS: code(
    'network',
    'The network has too few usable relays for a path.',
    'Wait until more of the directory is there.',
  ),
  BAD_KEY_FILE: code(
    'usage',
    'A key file is not one of Tor, or does not belong to its neighbours.',
    'Restore the folder from a backup; new keys would be a new identity.',
  ),
  // roles
  HSDIR_OLD_REVISION: code('protocol', 'A descriptor is not newer than the one we keep.', 'Nothing to do here.'),
  HSDIR_TOO_LARGE: code('protocol', 'An onion service descriptor is longer than the network allows.', peerBroken),
  RELAY_KEY_OFFLINE: code(
    'usage',
    'The master identity key is kept offline and the signing key has run out.',
    'Make a new signing key where the master key is: tropea --keygen, then copy the two files here.',
  ),
  ONION_ADDRESS_INVALID: code(
    'usage',
    'This is not a version 3 onion address.',
    'Copy the whole address again: 56 characters and ".onion"; one wrong character is enough.',
  ),
  NAME_INVALID: code('usage', 'This cannot be a name.', 'Use letters, digits and single hyphens of one alphabet.'),
  NAME_TAKEN: code('usage', 'The name stands for another address already.', 'Choose another name, or rename that one.'),
  NAME_LOOKS_ALIKE: code(
    'usage',
    'The name or its address is easily taken for another that is known.',
    'Compare the whole address with its owner over another channel, then add it despite the warning.',
  ),
  NAME_UNKNOWN: code('usage', 'There is no such name in the address book.', 'See tropea name list.'),
  NAME_BOOK_FULL: code('resource', 'The address book is full.', 'Remove names that are not needed.'),
  NAME_BOOK_INVALID: code(
    'usage',
    'The address book cannot be read.',
    'Mend the line the message names; nothing was changed.',
  ),
  NAME_LIST_OLD: code('usage', 'A newer list of this service is here already.', 'Ask for the newest list.'),
  NAME_SIGNED_INVALID: code(
    'usage',
    'A card or list of names is not signed by its service.',
    'Get it again from where it came; do not trust this copy.',
  ),
  ONION_SERVICE_EXISTS: code('usage', 'A service with this key runs here already.', 'Use the one that runs.'),
  ONION_SERVICE_ANONYMITY: code(
    'usage',
    'The keys of a service were used with another degree of anonymity.',
    'Give this service a folder of its own.',
  ),
  ONION_AUTH_FILE_INVALID: code(
    'usage',
    'A client authorization file does not have the form that Tor uses.',
    'Write one line: <address>:descriptor:x25519:<key> for a client, descriptor:x25519:<key> for a service.',
  ),
  ONION_REPLAY: code('protocol', 'An introduction came a second time.', peerBroken),
  ONION_DESCRIPTOR_NOT_FOUND: code(
    'network',
    'No directory holds a descriptor of this onion service: it is offline, or it never was.',
    'Ask the operator whether the service is running; try again in some minutes.',
  ),
  ONION_DESCRIPTOR_INVALID: code(
    'network',
    'The descriptor of this onion service cannot be read.',
    'The service publishes something broken; tell its operator.',
  ),
  ONION_INTRO_FAILED: code(
    'network',
    'No introduction point of this onion service took our introduction.',
    'The service has probably just restarted or gone; try again in some minutes.',
  ),
  ONION_INTRO_TIMED_OUT: code(
    'network',
    'No introduction point of this onion service answered in time.',
    'Try again; the service or its introduction points are overloaded or gone.',
  ),
  ONION_RENDEZVOUS_FAILED: code(
    'network',
    'The onion service did not come to the rendezvous point.',
    'Try again; the service is overloaded or cannot build circuits.',
  ),
  ONION_AUTH_MISSING: code(
    'usage',
    'This onion service answers only clients it knows, and we have no key for it.',
    'Ask the operator for access; put the key into ClientOnionAuthDir, or give it to tor.authorize().',
  ),
  ONION_AUTH_WRONG: code(
    'usage',
    'This onion service does not accept the key we have for it.',
    'The key was mistyped or revoked; ask the operator.',
  ),
  // app
  CONFIG_TRANSITION: code(
    'usage',
    'An option cannot change while the node runs.',
    'Stop the node, change the configuration, and start it again.',
  ),
  CONFIG_SAVE_FAILED: code(
    'usage',
    'The configuration cannot be written.',
    'Check that there is a configuration file and that this user may write it.',
  ),
  LAB_FAILED: code(
    'network',
    'A private network did not do what it should.',
    'Look into the logs of its nodes; their folder is named above.',
  ),
  LAB_TOPOLOGY: code(
    'usage',
    'The description of a private network cannot be read.',
    'Mend the field the message names; see tropea lab --help.',
  ),
  LAB_STARTING: code(
    'usage',
    'The private network is still starting.',
    'Wait until it is ready, or give it up with tropea lab down.',
  ),
  LAB_COMMAND: code(
    'usage',
    'A private network cannot do that now.',
    'Look at tropea lab status; tropea lab down ends the network.',
  ),
  LAB_NOT_RUNNING: code('usage', 'No private network of that name runs.', 'Start one with tropea lab up.'),
  OPTION_INVALID: code('usage', 'An option of a call cannot be what it is.', 'Change the option the message names.'),
  REQUEST_REFUSED: code(
    'usage',
    'The request is not allowed, so it was not even tried.',
    'Read the message: private addresses, bad host names and other networks’ suffixes are refused.',
  ),
  LOOKUP_FAILED: code('network', 'The exit could not look the name up.', 'Check the name; try again for another exit.'),
  COMMAND_USAGE: code('usage', 'The command line does not make sense.', 'See tropea --help.'),
} as const satisfies Record<string, CodeInfo>;

export type ErrorCode = keyof typeof errorCodes;
