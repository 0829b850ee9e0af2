import { endReply, linesReply, okReply, splitWords, valueReply } from '../../../wire/control/index.ts';
import type { CommandHandler } from '../context.ts';
import { type EventName, eventNames } from '../events/hub.ts';
import { ControlFailure, refuse } from '../failure.ts';

const isEventName = (name: string): name is EventName => (eventNames as readonly string[]).includes(name);

/** EXTENDED was an option once and is let pass. */
export const setEvents: CommandHandler = ({ rest }, { hub }, controller) => {
  const names = splitWords(rest)
    .map((word) => word.toUpperCase())
    .filter((word) => word !== 'EXTENDED');
  const unknown = names.find((name) => !isEventName(name));
  if (unknown !== undefined) refuse(552, `Unrecognized event "${unknown}"`);
  controller.events = new Set(names);
  hub.onInterestChanged();
  return okReply;
};

export const getInfo: CommandHandler = async ({ rest }, context, controller) => {
  let answers = '';
  const unknown: string[] = [];
  for (const key of splitWords(rest)) {
    try {
      const value = await context.info.get(key, { context, controller });
      if (value === undefined) unknown.push(`Unrecognized key "${key}"`);
      else answers += valueReply(250, key, value);
    } catch (error) {
      if (!(error instanceof ControlFailure)) throw error;
      return endReply(error.code, error.message);
    }
  }
  return unknown.length > 0 ? linesReply(552, unknown) : `${answers}${okReply}`;
};

export const takeOwnership: CommandHandler = (_command, _context, controller) => {
  controller.owner = true;
  return okReply;
};

export const dropOwnership: CommandHandler = (_command, _context, controller) => {
  controller.owner = false;
  return okReply;
};

const features = ['VERBOSE_NAMES', 'EXTENDED_EVENTS'];

export const useFeature: CommandHandler = ({ rest }) => {
  const unknown = splitWords(rest).find((word) => !features.includes(word.toUpperCase()));
  return unknown === undefined ? okReply : endReply(552, `Unrecognized feature "${unknown}"`);
};

export const dropGuards: CommandHandler = ({ rest }, { deps }) => {
  if (rest !== '') refuse(512, 'Bad arguments to DROPGUARDS: Cannot accept more than 0 argument(s)');
  deps.parts.guards.dropAll();
  return okReply;
};

export const dropTimeouts: CommandHandler = (_command, { deps }) => {
  deps.log.warn(
    'control',
    'DROPTIMEOUTS is dangerous; make sure you understand the risks before using it. It may be removed in a future version of Tor.',
  );
  deps.parts.circuits.dropTimeouts();
  return okReply;
};
