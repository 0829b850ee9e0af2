/**
 * npm run bench -- net [--sections=relays,clients,...] [--rounds=3] [--scale=1] [--seconds=N] [--dry]
 *
 * Tropea beside C tor in private networks, in every position. Each section has its time, `--seconds` gives all the same;
 * `--scale` multiplies the sizes of transfers, `--dry` leaves results.md alone.
 */
import { loadavg } from 'node:os';
import { machine, writeSection } from '../support/results.ts';
import { clientsSection, onionClientsSection } from './clients.ts';
import { handshakesSection } from './handshakes.ts';
import { introductionsSection } from './introductions.ts';
import { networksSection } from './networks.ts';
import { relaysSection } from './relays.ts';
import { rendezvousSection } from './rendezvous.ts';
import { table } from './report.ts';
import type { Section } from './section.ts';
import { servicesSection } from './services.ts';
import { Stages } from './stages.ts';
import { startupSection } from './startup.ts';

/** Those that share a network stand together. */
const sections: readonly Section[] = [
  ...[relaysSection, handshakesSection, rendezvousSection],
  ...[clientsSection, onionClientsSection, servicesSection, introductionsSection],
  ...[networksSection, startupSection],
];

function option(name: string, fallback: string): string {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given?.slice(name.length + 3) ?? fallback;
}

const rounds = Number(option('rounds', '3'));
const scale = Number(option('scale', '1'));
const dry = process.argv.includes('--dry');
const chosen = option('sections', sections.map(({ name }) => name).join(','))
  .split(',')
  .map((name) => {
    const section = sections.find((each) => each.name === name);
    if (section === undefined) throw new Error(`no section ${name}: ${sections.map((each) => each.name).join(', ')}`);
    return section;
  });

async function report(stages: Stages, section: Section): Promise<void> {
  const [load = 0] = loadavg();
  const started = performance.now();
  const { labels, samples } = await section.run(stages, {
    rounds,
    seconds: Number(option('seconds', String(section.seconds))),
    megabytes: (count) => Math.round(count * scale * 1e6),
    scaled: (count) => Math.ceil(count * scale),
  });
  const took = ((performance.now() - started) / 1000).toFixed(0);
  const when = `${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)} before, ${took} s.`;
  const text = `${section.about} ${when}\n\n${table(labels, section.metrics, samples)}`;
  console.log(`\n## ${section.title}\n\n${text}`);
  if (!dry) writeSection(section.title, text);
}

async function main(): Promise<void> {
  const stages = new Stages();
  try {
    if (!dry) {
      const text = `Private networks on loopback. ${machine()}. Medians of up to ${rounds} rounds with lowest and highest.`;
      writeSection('Whole network', text);
    }
    for (const section of chosen) {
      try {
        await report(stages, section);
      } catch (error) {
        process.exitCode = 1;
        console.error(`${section.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await stages.endClients();
    }
  } finally {
    await stages.stop();
  }
}

await main();
