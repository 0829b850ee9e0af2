import { TorError } from '../../../base/errors/index.ts';
import { parseAddressPolicy, type TorOptions } from '../../../wire/torrc/index.ts';
import { checkLogOptions } from '../logging/index.ts';
import { directoryPaths } from './paths.ts';

/** C tor keeps paths in buffers of 512 bytes and needs some for file names. */
const maxDataDirectoryLength = 384;

/** What `validateOptions` cannot check because rooms above it know the form. Throws TORRC_VALUE. */
export function checkFurther(options: TorOptions, warn: (message: string) => void): void {
  if (Buffer.byteLength(directoryPaths(options).data) > maxDataDirectoryLength) {
    warn('DataDirectory is too long.');
    throw refused('DataDirectory', 'Invalid DataDirectory');
  }
  checkLogOptions(options, warn);
  const owner = options.get('__OwningControllerProcess');
  if (owner !== undefined && !/^[1-9]\d{0,9}(?!\d)/.test(owner)) {
    throw refused('__OwningControllerProcess', 'Bad OwningControllerProcess: invalid PID');
  }
  checkPolicies(options, warn);
}

const policyOptions = ['SocksPolicy', 'DirPolicy', 'AuthDirReject', 'AuthDirInvalid', 'AuthDirBadExit'] as const;

/** What is no exit never reads its ExitPolicy. */
const mayExit = (options: TorOptions): boolean =>
  options.get('ExitRelay') !== false && options.lines('ORPort').some((line) => !/^\s*0(\s|$)/.test(line));

function checkPolicies(options: TorOptions, warn: (message: string) => void): void {
  for (const name of [...policyOptions, ...(mayExit(options) ? (['ExitPolicy'] as const) : [])]) {
    try {
      parseAddressPolicy(options.lines(name), warn);
    } catch (cause) {
      throw refused(name, `Error in ${name} entry.`, cause);
    }
  }
}

function refused(option: string, message: string, cause?: unknown): TorError {
  return new TorError('TORRC_VALUE', message, { facts: { option }, ...(cause === undefined ? {} : { cause }) });
}
