import { nodeRuntime } from '../../src/base/runtime/index.ts';
import { Emitter } from '../../src/base/util/index.ts';
import { dirRequester } from '../../src/network/directory/index.ts';
import type { Relay } from '../../src/network/netdir/index.ts';
import type { HopTarget, OriginCircuit } from '../../src/protocol/circuit/index.ts';
import type { ServiceDescriptor } from '../../src/roles/onion/client/descriptor.ts';
import { DescriptorFetch } from '../../src/roles/onion/client/descriptor-fetch.ts';
import { openDescriptor } from '../../src/roles/onion/client/open-descriptor.ts';
import {
  type Introduction,
  introduce,
  join as joinCircuits,
  prepareIntroduction,
  RendezvousPoint,
} from '../../src/roles/onion/client/rendezvous.ts';
import { parseOnionAddress } from '../../src/roles/onion/index.ts';
import { identityOf } from '../../src/wire/linkspec/index.ts';
import { emptyProtover } from '../../src/wire/protover/index.ts';
import { RelayCommand } from '../../src/wire/relaymsg/index.ts';
import { Maker, times } from './maker.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { inTurn, type Recorder, type Subject } from './rounds.ts';
import type { Section } from './section.ts';
import type { Program, Stage } from './stage.ts';

interface Service extends Subject {
  readonly pid: number;
  readonly descriptor: ServiceDescriptor;
}

/** Ready to be sent. */
interface Prepared {
  readonly introduction: Introduction;
  readonly introCircuit: OriginCircuit;
}

const answerMs = 10_000;
/** Clients that wait for the service at the same time. */
const atOnce = 32;
const introductions = 1000;
const rivals: readonly Program[] = ['tor', 'tropea'];

async function describe(maker: Maker, hostname: string): Promise<ServiceDescriptor> {
  const { netdir, client } = maker;
  const identityKey = parseOnionAddress(hostname);
  const fetch = new DescriptorFetch(
    {
      ...nodeRuntime,
      circuits: client.circuits,
      dirRequest: dirRequester(nodeRuntime),
      events: new Emitter(),
      open: (text, about) =>
        openDescriptor(text, {
          ...about,
          credential: undefined,
          nowMs: nodeRuntime.clock.now(),
          sendmeInc: netdir.params.get('cc_sendme_inc'),
        }),
    },
    { requeryMs: 1000, excluded: () => false, strict: false },
  );
  return (await fetch.fetch(identityKey, netdir)).descriptor;
}

function introHop(introPoint: ServiceDescriptor['introPoints'][number]): HopTarget {
  const { rsa = new Uint8Array(0), ed25519 } = identityOf(introPoint.linkSpecifiers);
  return {
    rsa,
    ...(ed25519 === undefined ? {} : { ed25519 }),
    ntorKey: introPoint.onionKey,
    linkSpecifiers: introPoint.linkSpecifiers,
    protover: emptyProtover,
  };
}

/** Circuits of many clients: each waits at a meeting point and has another to an introduction point, two hops long. */
async function prepare(
  maker: Maker,
  { descriptor }: Service,
  relays: { readonly first: Relay; readonly meeting: readonly Relay[] },
  count: number,
): Promise<Prepared[]> {
  const ready: Prepared[] = [];
  await times(count, atOnce, async (index) => {
    const introPoint = descriptor.introPoints[index % descriptor.introPoints.length];
    const meeting = relays.meeting[index % relays.meeting.length];
    if (introPoint === undefined || meeting === undefined) throw new Error('no introduction points');
    const circuit = await maker.circuit(relays.first, [meeting.hopTarget()]);
    const point = await RendezvousPoint.establish(circuit, nodeRuntime.random, answerMs);
    const introCircuit = await maker.circuit(relays.first, [introHop(introPoint)]);
    const introduction = prepareIntroduction(nodeRuntime.random, point, descriptor, introPoint, false);
    ready.push({ introduction, introCircuit });
  });
  return ready;
}

/** One client meets the service. */
async function meet({ introduction, introCircuit }: Prepared): Promise<void> {
  const met = introduction.point.circuit.awaitMessage(RelayCommand.RENDEZVOUS2, { timeoutMs: answerMs });
  met.catch(() => undefined);
  await introduce(introCircuit, introduction, { timeoutMs: answerMs });
  joinCircuits(introduction, (await met).body);
}

async function measure(
  maker: Maker,
  service: Service,
  record: Recorder,
  work: { readonly relays: Parameters<typeof prepare>[2]; readonly count: number; readonly isFirst: boolean },
): Promise<void> {
  const { count, isFirst } = work;
  const clients = await prepare(maker, service, work.relays, count);
  try {
    const [cpu, memory, started] = [cpuSeconds(service.pid), memoryMib(service.pid).now, performance.now()];
    let met = 0;
    let lastMs = started;
    let last: unknown;
    await times(count, atOnce, (index) =>
      meet(clients[index] as Prepared).then(
        () => {
          met++;
          lastMs = performance.now();
        },
        (error: unknown) => {
          last = error;
        },
      ),
    );
    if (last !== undefined) console.error(`${service.label}: ${met} of ${count} introductions: ${String(last)}`);
    if (met === 0) throw new Error('no introduction was answered');
    if (isFirst) {
      record.add({ 'memory per 1,000 idle circuits': ((memoryMib(service.pid).now - memory) * 1000) / met });
      return;
    }
    record.add({
      introductions: met / ((lastMs - started) / 1000),
      'CPU per introduction': ((cpuSeconds(service.pid) - cpu) * 1000) / met,
    });
  } finally {
    for (const { introCircuit, introduction } of clients) {
      introCircuit.close();
      introduction.point.circuit.close();
    }
  }
}

/** A service that has learned how long a circuit takes gives many up when it makes so many at once. */
const lines: readonly string[] = ['LearnCircuitBuildTimeout 0', 'CircuitBuildTimeout 60'];

async function serviceOf(stage: Stage, maker: Maker, program: Program): Promise<Service> {
  const { node, place } = await stage.service(`${program}Introduced`, program, { timeoutMs: 45_000, lines });
  return { label: program, pid: node.process.pid, descriptor: await describe(maker, place.host) };
}

export const introductionsSection: Section = {
  name: 'introductions',
  title: 'Onion services: introductions',
  about: `Clients introduce themselves, ${atOnce} at a time, all their circuits ready; an introduction is over when the service has come to the meeting point. Memory is what the service's process grew by when ${introductions} circuits were joined and idle. Relays are of C tor without KIST and with TCP_NODELAY.`,
  metrics: [
    { name: 'introductions', unit: '1/s', better: 'higher' },
    { name: 'CPU per introduction', unit: 'ms', better: 'lower' },
    { name: 'memory per 1,000 idle circuits', unit: 'MiB', better: 'lower' },
  ],
  seconds: 110,
  async run(stages, options) {
    const stage = await stages.use('tuned');
    const maker = await Maker.start(stage);
    try {
      const services = [];
      for (const program of rivals) services.push(await serviceOf(stage, maker, program));
      const first = maker.relay('guard1');
      const meeting = ['exit0', 'exit1', 'exit2'].map((name) => maker.relay(name));
      const count = options.scaled(introductions);
      // The first round shows what memory they take, since later ones find what those left free, and warms engines up.
      const rounds = options.rounds + 1;
      const relays = { first, meeting };
      const samples = await inTurn(services, { ...options, rounds }, async (service, record, round) => {
        const isFirst = round === 0;
        if (isFirst) await measure(maker, service, record.aside(), { relays, count: Math.ceil(count / 16), isFirst });
        await measure(maker, service, record, { relays, count, isFirst });
      });
      return { labels: rivals, samples };
    } finally {
      await maker.stop();
    }
  },
};
