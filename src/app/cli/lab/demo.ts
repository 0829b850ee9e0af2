import { TorError } from '../../../base/errors/index.ts';
import {
  ClientTale,
  getThroughSocks,
  joinedSteps,
  Lab,
  LabHost,
  type LabNode,
  ServiceTale,
  type TaleStep,
  usualProcesses,
} from '../../lab/index.ts';
import type { ExitCode, ProgramIo } from '../program.ts';
import type { LabArguments } from './arguments.ts';
import { serveDemoPage } from './demo-page.ts';
import { stepText } from './tale-text.ts';
import { aborted, untilSignal } from './until-signal.ts';

const named = (names: string): { name: string }[] => names.split(' ').map((name) => ({ name }));
const network = {
  authorities: named('dawn noon dusk'),
  relays: named('alder birch cedar elm fir'),
  exits: named('oak pine'),
} as const;

/** Among so few relays both ends would often choose the same guard, which then knows both. */
const guards = { client: 'dawn,alder,birch,oak,elm', service: 'noon,dusk,cedar,fir,pine' } as const;

const head = `A private Tor network on this machine: three directory authorities (dawn, noon, dusk), five relays (alder, birch,
cedar, elm, fir), two exits (oak, pine), a client and an onion service. All are nodes of Tropea that speak TLS
over TCP to each other; nothing leaves this machine.

`;

/** `tropea lab demo`: a network from nothing, and how a client in it reaches an onion service. */
export async function labDemo(name: string, given: LabArguments, io: ProgramIo): Promise<ExitCode> {
  const started = performance.now();
  const stop = untilSignal();
  const once = given.options.has('once');
  const say = (text: string): void =>
    io.stdout(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
  io.stdout(head);
  const page = await serveDemoPage();
  const service = new ServiceTale();
  let lab: Lab | undefined;
  let host: LabHost | undefined;
  try {
    if (!once) host = await LabHost.claim(name);
    void host?.ended.then(stop.stop);
    lab = await Lab.start({
      ...network,
      ...(host === undefined ? {} : { folder: host.folder }),
      keep: given.options.has('keep'),
      implementation: 'tropea',
      processes: usualProcesses(),
      onionServices: [
        {
          name: 'service',
          torrc: [`EntryNodes ${guards.service}`],
          ports: [{ virtualPort: 80, target: `127.0.0.1:${page.port}` }],
          onEvent: (event) => service.hear(event),
        },
      ],
      clients: [{ name: 'client', torrc: [`EntryNodes ${guards.client}`] }],
      signal: stop.signal,
      progress: say,
    });
    await show(lab, service, { io, say });
    if (host !== undefined) {
      await host.serve(lab);
      await stay({ name, io, signal: stop.signal });
    }
    return 0;
  } catch (error) {
    if (TorError.is(error) && error.code === 'ABORTED') {
      io.stdout('Ended before it was ready.\n');
      return 1;
    }
    throw error;
  } finally {
    page.close();
    await lab?.stop();
    host?.close();
    stop.forget();
  }
}

interface Teller {
  readonly io: ProgramIo;
  readonly say: (text: string) => void;
}

async function show(lab: Lab, service: ServiceTale, { io, say }: Teller): Promise<void> {
  const { hostname } = lab.onion('service');
  const [serviceNode, clientNode] = [lab.node('service'), lab.node('client')];
  say('the client is connected to the network, and the service published');
  io.stdout(`\n  http://${hostname}/\n\n`);
  let number = 0;
  const tell = (step: TaleStep): void => io.stdout(stepText(++number, step));
  tell(service.introPoints);
  tell(service.uploaded);
  const client = new ClientTale(tell);
  const ends = await Promise.all([
    watch(serviceNode, (event) => service.hear(event)),
    watch(clientNode, (event) => client.hear(event)),
  ]);
  const asked = performance.now();
  const text = await getThroughSocks(clientNode.socksPort, hostname);
  const ms = Math.round(performance.now() - asked);
  for (const step of joinedSteps(client, service)) tell(step);
  for (const end of ends) end();
  io.stdout(`\n${text.trimEnd().replaceAll(/^/gm, '    │ ')}\n\n`);
  say(`the page is there, ${ms} ms after it was asked for`);
  io.stdout(`\nTry it yourself:\n  curl --socks5-hostname 127.0.0.1:${clientNode.socksPort} http://${hostname}/\n`);
}

async function watch(node: LabNode, hear: (event: string) => void): Promise<() => void> {
  const control = await node.control();
  control.onEvent = hear;
  await control.command('SETEVENTS CIRC CIRC_MINOR HS_DESC');
  return () => control.close();
}

async function stay(where: {
  readonly name: string;
  readonly io: ProgramIo;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { name, io, signal } = where;
  const option = name === 'default' ? '' : ` --name ${name}`;
  io.stdout(`\nThe network goes on until Ctrl-C. In another window: bin/tropea lab status${option}\n`);
  await aborted(signal);
  io.stdout('Ending the nodes.\n');
}
