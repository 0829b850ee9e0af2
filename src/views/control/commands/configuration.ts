import { TorError } from '../../../base/errors/index.ts';
import {
  type ControlCommand,
  endReply,
  linesReply,
  okReply,
  parseArguments,
  splitWords,
} from '../../../wire/control/index.ts';
import { type ConfigLine, expandAlias, findOption, quoteIfNeeded } from '../../../wire/torrc/index.ts';
import type { CommandContext, CommandHandler } from '../context.ts';
import { refuse } from '../failure.ts';

/** Options that hold lists under other names: their values go out under those. */
export const getConf: CommandHandler = ({ rest }, { deps }) => {
  const { options } = deps.configuration;
  const answers: string[] = [];
  const unknown: string[] = [];
  for (const word of splitWords(rest)) {
    const found = findOption(expandAlias(word));
    if (found?.kind !== 'option' || found.abbreviated) {
      unknown.push(`Unrecognized configuration key "${word}"`);
      continue;
    }
    const lines = options.assigned(found.name);
    if (lines.length === 0) answers.push(found.name);
    for (const { key, value } of lines) answers.push(`${key}=${quoteIfNeeded(value)}`);
  }
  if (unknown.length > 0) return linesReply(552, unknown);
  return answers.length === 0 ? okReply : linesReply(250, answers);
};

export const setConf: CommandHandler = (command, context) => assign(command, context, 'setconf');
export const resetConf: CommandHandler = (command, context) => assign(command, context, 'resetconf');

async function assign(
  { rest }: ControlCommand,
  { deps }: CommandContext,
  mode: 'setconf' | 'resetconf',
): Promise<string> {
  const lines = parseArguments(rest).map(
    ({ key, value }): ConfigLine => ({ key: key ?? value, value: key === undefined ? '' : value, command: 'set' }),
  );
  try {
    await deps.configuration.assign(lines, mode);
    return okReply;
  } catch (error) {
    const known = TorError.from(error);
    if (known.kind === 'bug') throw error;
    deps.log.warn('control', `Controller gave us config lines that didn't validate: ${known.message}`);
    return refusal(known);
  }
}

function refusal({ code, message }: TorError): string {
  switch (code) {
    case 'TORRC_UNKNOWN_OPTION':
      return endReply(552, `Unrecognized option: ${message}`);
    case 'TORRC_VALUE':
    case 'TORRC_SYNTAX':
      return endReply(513, `Unacceptable option value: ${message}`);
    case 'CONFIG_TRANSITION':
      return endReply(553, `Transition not allowed: ${message}`);
    default:
      return endReply(553, `Unable to set option: ${message}`);
  }
}

export const loadConf: CommandHandler = async ({ data }, { deps }) => {
  if (data === undefined) refuse(512, 'Bad arguments to LOADCONF: Empty body');
  try {
    await deps.configuration.loadText(data);
    return okReply;
  } catch (error) {
    const known = TorError.from(error);
    if (known.kind === 'bug') throw error;
    const told = known.code.startsWith('TORRC_') ? `Failed to parse/validate config: ${known.message}` : known.message;
    deps.log.warn('control', `Controller gave us config file that didn't validate: ${told}`);
    return known.code.startsWith('TORRC_') ? endReply(552, `Invalid config file: ${told}`) : refusal(known);
  }
};

export const saveConf: CommandHandler = ({ rest }, { deps }) => {
  const force = splitWords(rest).some((word) => word.toUpperCase() === 'FORCE');
  try {
    deps.configuration.save({ force });
    return okReply;
  } catch (error) {
    deps.log.warn('control', TorError.from(error).message);
    return endReply(551, 'Unable to write configuration to disk.');
  }
};
