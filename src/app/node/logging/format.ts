import type { LogRecord } from '../../../base/log/index.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

export interface LineFormat {
  /** `LogTimeGranularity`: times are cut down to a multiple of it. */
  readonly granularityMs: number;
  /** `LogMessageDomains`. */
  readonly domains: boolean;
}

/** One line as C tor writes it: `Nov 21 10:00:00.000 [notice] message`. Nothing in a message can
 * look like another line or steer the terminal. */
export function formatLogLine(record: LogRecord, format: LineFormat): string {
  const granularity = Math.max(1, format.granularityMs);
  const time = new Date(record.timeMs - (record.timeMs % granularity));
  const stamp =
    `${months[time.getMonth()]} ${two(time.getDate())} ` +
    `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.` +
    `${String(time.getMilliseconds()).padStart(3, '0')}`;
  const domain = format.domains ? `{${record.domain.toUpperCase()}} ` : '';
  const bug = record.domain === 'bug' ? 'Bug: ' : '';
  return `${stamp} [${record.severity}] ${domain}${bug}${printable(record.message)}\n`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to keep out of the log
const control = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

function printable(message: string): string {
  return message
    .replaceAll('\n', '\n    ')
    .replace(control, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
