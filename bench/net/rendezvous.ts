import type { LabNode } from '../../src/app/lab/index.ts';
import { firstByte, type Place, type Seat } from './loads.ts';
import { costs } from './relays.ts';
import { inTurn, type Recorder, type Subject } from './rounds.ts';
import type { Section } from './section.ts';
import { type Program, programs, type Stage } from './stage.ts';

const streams = 4;

interface Meeting extends Subject {
  readonly program: Program;
}

interface Visitor {
  readonly client: LabNode;
  readonly onion: Place;
}

const meetings: readonly Meeting[] = programs.map((program) => ({ label: program, program }));

/** The relay at which the client's circuit to the service ends. */
async function meetingPoint(client: LabNode): Promise<string | undefined> {
  const control = await client.control();
  const circuits = await control.getInfo('circuit-status');
  control.close();
  const joined = circuits.split('\n').filter((line) => line.includes('HSCR_JOINED'));
  return joined.length === 1 ? joined[0]?.split(' ')[2]?.split(',').at(-1)?.split('~')[1] : undefined;
}

/** All streams on one circuit: then its meeting point is one process. */
async function measure(stage: Stage, visitor: Visitor, record: Recorder, bytes: number): Promise<void> {
  await firstByte(visitor.client, visitor.onion);
  const name = await meetingPoint(visitor.client);
  if (name === undefined) throw new Error('the client has no circuit to the service, or several');
  const load = { streams, bytes };
  const { rate, cpu } = await costs([stage.net.node(name).process.pid], [visitor.client], visitor.onion, load);
  record.add({ '4 streams down': rate, CPU: cpu[0] });
}

/** The first of these places that answers. */
async function firstThatAnswers(seat: Seat, places: readonly Place[]): Promise<Place> {
  for (const place of places) {
    const answered = await firstByte(seat, place).catch(() => undefined);
    if (answered !== undefined) return place;
  }
  throw new Error('no service answers');
}

/** A client whose meeting points are of one program. */
function clientOf(stage: Stage, program: Program): Promise<LabNode> {
  return stage.client(`meets${program}`, 'tuned', [
    `EntryNodes ${stage.relay('guard', 'tuned').name}`,
    `ExcludeNodes ${stage.otherMiddles(program).join(',')}`,
  ]);
}

export const rendezvousSection: Section = {
  name: 'rendezvous',
  title: 'Relays: rendezvous point',
  about:
    'The meeting point of a circuit with four streams is of one program, as is the relay before it on the side of the client; the client, its guard and the service are of C tor without KIST and with TCP_NODELAY. CPU is of the meeting point.',
  metrics: [
    { name: 'CPU', unit: 's/GB', better: 'lower' },
    { name: '4 streams down', unit: 'MB/s', better: 'higher' },
  ],
  seconds: 60,
  async run(stages, options) {
    const stage = await stages.use('mixed');
    const places = await stage.manyServices(3);
    const visitors = new Map<Program, Visitor>();
    const bytes = options.megabytes(8);
    const rounds = options.rounds + 1;
    const samples = await inTurn(meetings, { ...options, rounds }, async ({ program }, record, round) => {
      const client = await clientOf(stage, program);
      const visitor = visitors.get(program) ?? { client, onion: await firstThatAnswers(client, places) };
      visitors.set(program, visitor);
      // The first round lets engines compile what is used often.
      await measure(stage, visitor, round === 0 ? record.aside() : record, bytes);
    });
    return { labels: meetings.map(({ label }) => label), samples };
  },
};
