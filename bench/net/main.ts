/**
 * npm run bench -- net [--sections=relays,clients,...] [--rounds=3] [--scale=1] [--seconds=100] [--dry]
 *
 * Tropea beside C tor in one private network, in every position. Each section ends within about twice `--seconds`,
 * `--scale` multiplies the sizes of transfers, `--dry` leaves results.md alone.
 */
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { clientsSection, onionClientsSection } from './clients.ts';
import { handshakesSection } from './handshakes.ts';
import { relaysSection, wholeSection } from './relays.ts';
import { rendezvousSection } from './rendezvous.ts';
import { machine, table, writeSection } from './report.ts';
import type { Section } from './section.ts';
import { servicesSection } from './services.ts';
import { Stage } from './stage.ts';

const results = fileURLToPath(new URL('../results.md', import.meta.url));
const sections: readonly Section[] = [
  ...[relaysSection, wholeSection, handshakesSection, rendezvousSection],
  ...[clientsSection, onionClientsSection, servicesSection],
];

function option(name: string, fallback: string): string {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given?.slice(name.length + 3) ?? fallback;
}

const rounds = Number(option('rounds', '3'));
const scale = Number(option('scale', '1'));
const seconds = Number(option('seconds', '100'));
const dry = process.argv.includes('--dry');
const chosen = option('sections', sections.map(({ name }) => name).join(','))
  .split(',')
  .map((name) => {
    const section = sections.find((each) => each.name === name);
    if (section === undefined) throw new Error(`no section ${name}: ${sections.map((each) => each.name).join(', ')}`);
    return section;
  });

async function report(stage: Stage, section: Section): Promise<void> {
  const [load = 0] = loadavg();
  const started = performance.now();
  const { labels, samples } = await section.run(stage, {
    rounds,
    deadlineMs: started + seconds * 1000,
    megabytes: (count) => Math.round(count * scale * 1e6),
  });
  await stage.endClients();
  const took = ((performance.now() - started) / 1000).toFixed(0);
  const tuned = stage.tuned.noDelay ? 'without KIST, TCP_NODELAY forced' : 'without KIST';
  const about = [
    section.about,
    labels.includes('tuned') ? ` "tuned" is C tor ${tuned}.` : '',
    ` ${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)} before, ${took} s.`,
  ].join('');
  const text = `${about}\n\n${table(labels, section.metrics, samples)}`;
  console.log(`\n## ${section.title}\n\n${text}`);
  if (!dry) writeSection(results, section.title, text);
}

async function main(): Promise<void> {
  const stage = await Stage.start();
  try {
    if (!dry) {
      const text = `Private networks on loopback. ${machine()}. Medians of ${rounds} rounds with lowest and highest.`;
      writeSection(results, 'Whole network', text);
    }
    for (const section of chosen) {
      try {
        await report(stage, section);
      } catch (error) {
        process.exitCode = 1;
        console.error(`${section.name}: ${error instanceof Error ? error.message : String(error)}`);
        await stage.endClients();
      }
    }
  } finally {
    await stage.stop();
  }
}

await main();
