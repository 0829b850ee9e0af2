import { sha256 } from '../../../crypto/primitives/index.ts';
import { bytesOf, textOf } from '../meta/text.ts';
import type { DocumentText } from '../meta/types.ts';
import { parseHex20, parseInteger } from '../meta/values.ts';
import type { BandwidthFile, BandwidthLine } from './types.ts';

/** Header lines beyond these are not voted on. */
const maxHeaders = 50;
const terminator = '=====\n';

/**
 * Reads a bandwidth file as C tor's authorities do: forgiving, a bad line is skipped. Throws nothing; a file that
 * cannot be used has no `timestampMs`.
 *
 * C tor against the specification: keys are known by their start, so that `vote=01` is `vote=0`; unmeasured lines
 * count unless they say `vote=0`.
 */
export function parseBandwidthFile(document: DocumentText): BandwidthFile {
  const text = textOf(document);
  const digest = sha256(bytesOf(text));
  const firstEnd = text.indexOf('\n');
  const timestamp = firstEnd === -1 ? undefined : parseInteger(text.slice(0, firstEnd), 0, Number.MAX_SAFE_INTEGER);
  if (timestamp === undefined) return { timestampMs: undefined, headers: [], lines: [], unusedLines: 0, digest };
  const headers = [`timestamp=${timestamp}`];
  const lines: BandwidthLine[] = [];
  let inHeader = true;
  let unusedLines = 0;
  for (let at = firstEnd + 1; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = end === -1 ? text.slice(at) : text.slice(at, end + 1);
    at += line.length;
    const measured = parseLine(line);
    if (measured !== undefined) {
      inHeader = false;
      lines.push(measured);
    } else if (line === terminator) {
      inHeader = false;
    } else if (!inHeader) {
      unusedLines++;
    } else if (isHeader(line) && headers.length < maxHeaders) {
      headers.push(line.slice(0, -1));
    }
  }
  return { timestampMs: timestamp * 1000, headers, lines, unusedLines, digest };
}

/** `key=value`, the value may be empty, and no space, or it would be taken for two headers in a vote. */
const isHeader = (line: string): boolean => line.indexOf('=') > 0 && !line.includes(' ');

function parseLine(line: string): BandwidthLine | undefined {
  if (!line.endsWith('\n')) return undefined;
  let bandwidth: number | undefined;
  let rsaId: Uint8Array | undefined;
  for (const word of line.slice(0, -1).split(/[ \t]+/)) {
    if (word.startsWith('vote=0')) return undefined;
    if (word.startsWith('bw=')) {
      const value = parseInteger(word.slice(3), 0, Number.MAX_SAFE_INTEGER);
      if (bandwidth !== undefined || value === undefined) return undefined;
      bandwidth = value % 2 ** 32;
    } else if (word.startsWith('node_id=')) {
      const id = parseHex20(word.slice(word.startsWith('node_id=$') ? 9 : 8));
      if (rsaId !== undefined || id === undefined) return undefined;
      rsaId = id;
    }
  }
  return bandwidth === undefined || rsaId === undefined ? undefined : { rsaId, bandwidth };
}
