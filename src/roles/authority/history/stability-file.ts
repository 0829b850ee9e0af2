import { formatIsoTime, parseIsoTime } from '../format/time.ts';
import { type HistoryEntry, newEntry, type RouterHistory } from './router-history.ts';

/** Name of the file in the data directory. */
export const stabilityFile = 'router-stability';

const iso = (sec: number): string => formatIsoTime(sec * 1000);
const start = (sec: number): string => (sec > 0 ? ` S=${iso(sec)}` : '');

/** C tor's file, format 2. */
export function formatStability(history: RouterHistory, nowSec: number): string {
  const { trackedSinceSec, lastDiscountedSec } = history.state;
  const lines = ['format 2\n', `stored-at ${iso(nowSec)}\n`];
  if (trackedSinceSec > 0) lines.push(`tracked-since ${iso(trackedSinceSec)}\n`);
  if (lastDiscountedSec > 0) lines.push(`last-downrated ${iso(lastDiscountedSec)}\n`);
  lines.push('data\n');
  for (const [fingerprint, entry] of history.entries) {
    lines.push(
      `R ${fingerprint}\n`,
      `+MTBF ${entry.weightedRunSec} ${entry.runWeights.toFixed(5)}${start(entry.startOfRunSec)}\n`,
      `+WFU ${entry.weightedUptimeSec} ${entry.weightedTimeSec}${start(entry.startOfDowntimeSec)}\n`,
    );
  }
  return `${lines.join('')}.\n`;
}

const mtbfLine = /^\+MTBF (\d+) (\d+(?:\.\d+)?)(?: S=(.{19}))?$/;
const wfuLine = /^\+WFU (\d+) (\d+)(?: S=(.{19}))?$/;
const insaneSec = 365 * 86_400;

/** Fills an empty history from a file. False when the file is of no use. */
export function loadStability(history: RouterHistory, text: string, nowSec: number): boolean {
  const lines = text.split('\n');
  if (lines[0] !== 'format 2') return false;
  const head = (keyword: string): number => {
    const line = lines.find((each) => each.startsWith(`${keyword} `));
    return line === undefined ? 0 : (parseIsoTime(line.slice(keyword.length + 1)) ?? 0) / 1000;
  };
  const storedSec = head('stored-at');
  if (storedSec === 0) return false;
  const trackedSec = Math.min(nowSec, head('tracked-since'));
  const correct = (sec: number): number => correctTime(sec, nowSec, storedSec, trackedSec);
  let earliestSec = nowSec;
  let entry: HistoryEntry | undefined;
  for (const line of lines.slice(lines.indexOf('data') + 1)) {
    const name = /^R ([0-9A-Fa-f]{40})/.exec(line)?.[1];
    if (name !== undefined) {
      entry = newEntry();
      history.entries.set(name.toUpperCase(), entry);
    }
    if (entry === undefined) continue;
    const mtbf = mtbfLine.exec(line);
    if (mtbf !== null) {
      entry.weightedRunSec = Number(mtbf[1]);
      entry.runWeights = Number(mtbf[2]);
      entry.startOfRunSec = correct((parseIsoTime(mtbf[3] ?? '') ?? 0) / 1000);
      if (entry.startOfRunSec < earliestSec + entry.weightedRunSec) {
        earliestSec = entry.startOfRunSec - entry.weightedRunSec;
      }
    }
    const wfu = wfuLine.exec(line);
    if (wfu !== null) {
      entry.weightedUptimeSec = Number(wfu[1]);
      entry.weightedTimeSec = Number(wfu[2]);
      entry.startOfDowntimeSec = correct((parseIsoTime(wfu[3] ?? '') ?? 0) / 1000);
    }
  }
  history.state.lastDiscountedSec = Math.min(nowSec, head('last-downrated'));
  history.state.trackedSinceSec = trackedSec < insaneSec ? earliestSec : trackedSec;
  return true;
}

/** Moves a time so that it lies as far back as it did when it was stored: the time between does not count. */
function correctTime(sec: number, nowSec: number, storedSec: number, trackedSec: number): number {
  if (sec < trackedSec - insaneSec || sec > storedSec || sec === 0) return 0;
  return Math.max(trackedSec, sec < trackedSec ? trackedSec : nowSec - (storedSec - sec));
}
