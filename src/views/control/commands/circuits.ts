import { TorError } from '../../../base/errors/index.ts';
import type { CircuitInfo, CircuitPurpose, SteeringProblem } from '../../../network/circuits/index.ts';
import type { HopTarget, OriginCircuit } from '../../../protocol/circuit/index.ts';
import { type ControlArgument, endReply, okReply, parseArguments, splitWords } from '../../../wire/control/index.ts';
import { EndReason } from '../../../wire/relaymsg/index.ts';
import type { CommandContext, CommandHandler } from '../context.ts';
import { refuse } from '../failure.ts';

/** DestroyReason.REQUESTED and FINISHED as C tor sends them here. */
const requested = 3;

export function circuitOf(context: CommandContext, text: string | undefined): CircuitInfo {
  const found = context.deps.parts.circuits.list().find((info) => String(info.id) === text);
  return found ?? refuse(552, `Unknown circuit "${text ?? ''}"`);
}

const argument = (all: readonly ControlArgument[], key: string): string | undefined =>
  all.find((each) => each.key?.toLowerCase() === key)?.value;

function purposeOf(text: string | undefined): CircuitPurpose | undefined {
  if (text === undefined) return undefined;
  const name = text.toLowerCase();
  if (name === 'general' || name === 'controller') return name;
  return refuse(552, `Unknown purpose "${text}"`);
}

export const closeCircuit: CommandHandler = ({ rest }, context) => {
  const [id, ...flags] = splitWords(rest);
  const info = circuitOf(context, id);
  const onlyUnused = flags.some((flag) => flag.toLowerCase() === 'ifunused');
  if (!onlyUnused || (info.circuit?.openStreams ?? 0) === 0) info.circuit?.close(requested);
  return okReply;
};

export const closeStream: CommandHandler = ({ rest }, context) => {
  const [id, reason = ''] = splitWords(rest);
  const info = context.streams.find(Number(id)) ?? refuse(552, `Unknown stream "${id}"`);
  if (!/^\d{1,3}$/.test(reason)) refuse(552, `Unrecognized reason "${reason}"`);
  const code = Number(reason) || EndReason.MISC;
  if (!context.deps.parts.circuits.steering.close(info.id, code)) info.stream?.end(code);
  return okReply;
};

const steeringRefusals: Readonly<Record<SteeringProblem, readonly [number, string]>> = {
  unknown: [555, 'Connection is not managed by controller.'],
  unmanaged: [555, 'Connection is not managed by controller.'],
  'not-open': [551, "Can't attach stream to non-open origin circuit"],
  'one-hop': [551, "Can't attach stream to this one-hop circuit."],
  failed: [551, 'Unable to attach stream'],
};

/** With __LeaveStreamsUnattached; circuit 0 leaves the choice to us. spec: control-spec 3.13 */
export const attachStream: CommandHandler = ({ rest }, context) => {
  const words = parseArguments(rest);
  const [stream, circuit] = words.map(({ value }) => value);
  if (context.streams.find(Number(stream)) === undefined) refuse(552, `Unknown stream "${stream}"`);
  const info = circuit === '0' ? undefined : circuitOf(context, circuit);
  const hop = argument(words, 'hop');
  if (hop !== undefined && hop !== String(info?.path.length)) refuse(551, `Circuit doesn't have ${hop} hops.`);
  if (info !== undefined && info.circuit === undefined) refuse(...steeringRefusals['not-open']);
  const problem = context.deps.parts.circuits.steering.attach(Number(stream), info?.circuit);
  return problem === undefined ? okReply : refuse(...steeringRefusals[problem]);
};

/** Where a stream leads once it is attached. spec: control-spec 3.15 */
export const redirectStream: CommandHandler = ({ rest }, context) => {
  const [id, address = '', port] = splitWords(rest);
  if (context.streams.find(Number(id)) === undefined) refuse(552, `Unknown stream "${id}"`);
  const number = port === undefined ? undefined : Number(/^\d{1,5}$/.exec(port)?.[0] ?? 0);
  if (number === 0 || (number ?? 1) > 65535) refuse(512, `Cannot parse port "${port}"`);
  context.deps.parts.circuits.steering.redirect(Number(id), address, number);
  return okReply;
};

export const setCircuitPurpose: CommandHandler = ({ rest }, context) => {
  const [id, ...more] = parseArguments(rest);
  const info = circuitOf(context, id?.value);
  const purpose = purposeOf(argument(more, 'purpose')) ?? refuse(552, 'No purpose given');
  if (info.circuit !== undefined) context.deps.parts.circuits.setPurpose(info.circuit, purpose);
  return okReply;
};

/** A new circuit, or one more hop at an open one. The reply comes as soon as the circuit has a number. */
export const extendCircuit: CommandHandler = async ({ rest }, context) => {
  const words = parseArguments(rest);
  const id = words[0]?.value ?? '';
  const purpose = purposeOf(argument(words, 'purpose')) ?? 'general';
  const path = (words[1]?.key === undefined ? (words[1]?.value ?? '') : '').split(',').filter((name) => name !== '');
  const hops = path.map((name) => hopOf(context, name));
  if (id === '0') return launch(context, purpose, hops);
  const info = circuitOf(context, id);
  if (hops.length === 0) refuse(512, 'syntax error: path required.');
  const { circuit } = info;
  if (circuit === undefined || circuit.state !== 'open') refuse(551, "Couldn't start circuit");
  void extend(circuit, hops, context);
  return endReply(250, `EXTENDED ${info.id}`);
};

async function extend(circuit: OriginCircuit, hops: readonly HopTarget[], { deps }: CommandContext): Promise<void> {
  try {
    for (const hop of hops) await circuit.extend(hop);
  } catch (error) {
    deps.log.info('control', `Extending a circuit failed: ${TorError.from(error).message}`);
  }
}

function hopOf({ deps }: CommandContext, name: string): HopTarget {
  const relay = deps.parts.directory.netdir?.byNameOrId(name) ?? refuse(552, `No such router "${name}"`);
  if (!relay.hasDescriptor) refuse(552, `No descriptor for "${name}"`);
  return relay.hopTarget();
}

let launches = 0;

function launch({ deps }: CommandContext, purpose: CircuitPurpose, path: readonly HopTarget[]): Promise<string> {
  const { circuits } = deps.parts;
  const tag = `controller-${++launches}`;
  return new Promise((resolve) => {
    const done = (reply: string): void => {
      off();
      resolve(reply);
    };
    const off = circuits.events.on('circuit', ({ info }) => {
      if (info.tag === tag && info.status === 'launched') done(endReply(250, `EXTENDED ${info.id}`));
    });
    circuits.circuitTo(purpose, undefined, { tag, attempts: 1, ...(path.length === 0 ? {} : { path }) }).then(
      () => off(),
      (error: unknown) => {
        deps.log.info('control', `A circuit for a controller failed: ${TorError.from(error).message}`);
        done(endReply(551, "Couldn't start circuit"));
      },
    );
  });
}
