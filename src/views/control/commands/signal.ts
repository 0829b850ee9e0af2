import { okReply } from '../../../wire/control/index.ts';
import type { CommandContext, CommandHandler } from '../context.ts';
import { refuse } from '../failure.ts';

type Act = (context: CommandContext) => void;

interface Signal {
  /** What SIGNAL events call it. */
  readonly name: string;
  readonly act: Act;
  /** Whoever acts tells of it, since the signal may also come from outside; else it is told here. */
  readonly told?: true;
}

const reload: Signal = { name: 'RELOAD', act: ({ deps }) => deps.actions.reload(), told: true };
const shutdown: Signal = { name: 'SHUTDOWN', act: ({ deps }) => deps.actions.interrupt(), told: true };
const dump: Signal = { name: 'DUMP', act: ({ deps }) => deps.actions.dumpStats(), told: true };
const debug: Signal = { name: 'DEBUG', act: ({ deps }) => deps.actions.debug(), told: true };
const halt: Signal = { name: 'HALT', act: ({ deps }) => deps.actions.terminate(), told: true };

/** spec: control-spec 3.7 */
const signals: Readonly<Record<string, Signal>> = {
  RELOAD: reload,
  HUP: reload,
  SHUTDOWN: shutdown,
  INT: shutdown,
  DUMP: dump,
  USR1: dump,
  DEBUG: debug,
  USR2: debug,
  HALT: halt,
  TERM: halt,
  NEWNYM: { name: 'NEWNYM', act: ({ deps }) => deps.actions.newIdentity() },
  CLEARDNSCACHE: { name: 'CLEARDNSCACHE', act: ({ deps }) => deps.parts.client.addressMap.clearTransient() },
  HEARTBEAT: { name: 'HEARTBEAT', act: ({ deps }) => deps.actions.heartbeat() },
  ACTIVE: { name: 'ACTIVE', act: () => undefined },
  DORMANT: { name: 'DORMANT', act: () => undefined },
};

export const signalNames: readonly string[] = Object.keys(signals);

/** The reply to these goes out before the node goes. */
const endings: readonly Signal[] = [shutdown, halt];

export const signal: CommandHandler = ({ rest }, context) => {
  const found = Object.hasOwn(signals, rest.toUpperCase()) ? signals[rest.toUpperCase()] : undefined;
  if (found === undefined) refuse(552, `Unrecognized signal code "${rest}"`);
  const { name, act, told } = found;
  context.deps.log.info('control', `Controller sent signal ${name}`);
  if (endings.includes(found)) context.deps.runtime.timers.soon(() => act(context));
  else act(context);
  if (told !== true) context.hub.send('SIGNAL', name);
  return okReply;
};
