import { fromLatin1, latin1 } from '../../base/bytes/index.ts';

/** C tor's form of files in `diff-cache/`: `key value` lines, a zero byte, then the content. */
export interface LabeledFile {
  readonly labels: ReadonlyMap<string, string>;
  readonly content: Uint8Array;
}

const maxLabelBytes = 16 * 1024;

export function encodeLabeledFile({ labels, content }: LabeledFile): Uint8Array {
  const head = fromLatin1(`${[...labels].map(([key, value]) => `${key} ${value}\n`).join('')}\0`);
  const file = new Uint8Array(head.length + content.length);
  file.set(head);
  file.set(content, head.length);
  return file;
}

/** Undefined for what is no such file. */
export function parseLabeledFile(file: Uint8Array): LabeledFile | undefined {
  const end = file.subarray(0, maxLabelBytes).indexOf(0);
  if (end < 0) return undefined;
  const labels = new Map<string, string>();
  for (const line of latin1(file.subarray(0, end)).split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) labels.set(line.slice(0, space), line.slice(space + 1));
  }
  return { labels, content: file.subarray(end + 1) };
}
