// The document that goes from a section of the Tor specifications to the files and tests: from the "spec:" notes in the
// sources and the "Chapter:" words of the rooms' README files.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

const chapters =
  '(?:tor|dir|rend|path|guard|cert|padding|control|srv|pt|dos|vanguards|bandwidth-file|param|version|address)-spec(?:-v3)?|socks-extensions|proposals?|RFC';
const section = '(?:\\d+(?:\\.\\d+)*[a-z]?|[A-Z](?:\\.\\d+)*)(?![\\w-])';
const reference = new RegExp(`\\b(${chapters}) (${section}(?:(?:,? and|,|;) ${section})*)`, 'g');

const files = (folder: string, fits: (name: string) => boolean): string[] =>
  readdirSync(folder, { recursive: true })
    .map((name) => String(name).split(sep).join('/'))
    .filter(fits)
    .sort();

/** `[chapter, section]` of every reference in a note. */
export function referencesIn(text: string): [chapter: string, section: string][] {
  const found: [string, string][] = [];
  for (const [, chapter = '', sections = ''] of text.matchAll(reference)) {
    const name = chapter === 'proposals' ? 'proposal' : chapter === 'rend-spec-v3' ? 'rend-spec' : chapter;
    for (const one of sections.split(/,? and |[,;] /)) found.push([name, one]);
  }
  return found;
}

const byParts = (a: string, b: string): number => {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x = '', y = ''] = [left[i], right[i]];
    if (x === y) continue;
    const order = Number.parseInt(x, 10) - Number.parseInt(y, 10);
    return Number.isNaN(order) || order === 0 ? (x < y ? -1 : 1) : order;
  }
  return 0;
};

function collect(root: string): Map<string, Map<string, Set<string>>> {
  const map = new Map<string, Map<string, Set<string>>>();
  for (const name of files(join(root, 'src'), (file) => file.endsWith('.ts'))) {
    const text = readFileSync(join(root, 'src', name), 'utf8').replaceAll(/\n\s*(?:\*|\/\/) ?/g, ' ');
    for (const [, note = ''] of text.matchAll(/\bspec: ([^\n]*?)(?:\*\/|\n|$)/g)) {
      for (const [chapter, where] of referencesIn(note.slice(0, 200))) {
        const sections = map.get(chapter) ?? new Map<string, Set<string>>();
        map.set(chapter, sections);
        sections.set(where, (sections.get(where) ?? new Set()).add(name));
      }
    }
  }
  return map;
}

const rooms = (root: string): string[] =>
  (JSON.parse(readFileSync(join(root, 'scripts/layers.json'), 'utf8')) as string[]).filter((room) =>
    existsSync(join(root, 'src', room, 'README.md')),
  );

function chapterOf(root: string, room: string): string | undefined {
  const text = readFileSync(join(root, 'src', room, 'README.md'), 'utf8');
  const words = /(?:^|\s)(?:Chapters?|[Ss]pec): ([\s\S]*?)(?=\n- |\n\n|\n*$)/.exec(text)?.[1];
  return words?.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
}

function testsOf(root: string, file: string): string | undefined {
  for (let folder = dirname(file); folder.includes('/'); folder = dirname(folder)) {
    if (existsSync(join(root, 'test/unit', folder))) return `test/unit/${folder}`;
  }
  return undefined;
}

const link = (path: string, label = path): string => `[${label}](../${path})`;

export function specMap(root: string): string {
  const lines = [
    '# From the specification to the code',
    '',
    '<!-- Made by `npm run docs` from the "spec:" notes in src and the README of each room. -->',
    '',
    'Sections are those of the text specifications (`tor-spec.txt` and its neighbours) and of the proposals that today’s',
    'relays speak. Where C tor and the text differ, C tor wins; the code says so at the place.',
    '',
    '## Rooms',
    '',
    '| room | chapters |',
    '| --- | --- |',
  ];
  for (const room of rooms(root)) {
    const chapter = chapterOf(root, room);
    if (chapter !== undefined) lines.push(`| ${link(`src/${room}`, room)} | ${chapter} |`);
  }
  const map = collect(root);
  for (const [chapter, sections] of [...map].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push('', `## ${chapter}`, '', '| section | code | tests |', '| --- | --- | --- |');
    for (const [where, found] of [...sections].sort(([a], [b]) => byParts(a, b))) {
      const names = [...found];
      const tests = [...new Set(names.flatMap((name) => testsOf(root, name) ?? []))];
      const code = names.map((name) => link(`src/${name}`, name)).join('<br>');
      lines.push(`| ${where} | ${code} | ${tests.map((test) => link(test)).join('<br>')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}
