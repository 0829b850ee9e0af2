import { okReply } from '../../../wire/control/index.ts';
import type { CommandContext, CommandHandler } from '../context.ts';
import { refuse } from '../failure.ts';

type Act = (context: CommandContext) => void;

interface Signal {
  /** What SIGNAL events call it. */
  readonly name: string;
  readonly act: Act;
}

const reload: Signal = { name: 'RELOAD', act: ({ deps }) => deps.actions.reload() };
const shutdown: Signal = { name: 'SHUTDOWN', act: ({ deps }) => deps.actions.interrupt() };
const dump: Signal = { name: 'DUMP', act: ({ deps }) => deps.actions.dumpStats() };
const debug: Signal = { name: 'DEBUG', act: ({ deps }) => deps.actions.debug() };
const halt: Signal = { name: 'HALT', act: ({ deps }) => deps.actions.terminate() };

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

/** These end the node or its logs; listeners hear of them before. */
const endings: readonly Signal[] = [shutdown, halt];

export const signal: CommandHandler = ({ rest }, context) => {
  const found = Object.hasOwn(signals, rest.toUpperCase()) ? signals[rest.toUpperCase()] : undefined;
  if (found === undefined) refuse(552, `Unrecognized signal code "${rest}"`);
  const { name, act } = found;
  context.deps.log.info('control', `Controller sent signal ${name}`);
  // The reply goes out before the node goes.
  if (endings.includes(found)) context.deps.runtime.timers.after(0, () => act(context));
  else act(context);
  context.hub.send('SIGNAL', name);
  return okReply;
};
