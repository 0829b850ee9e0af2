/** When an accounting interval begins: a day of the month or of the week (1 is Monday), or every day, at a local time. */
export interface IntervalRule {
  readonly unit: 'month' | 'week' | 'day';
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** `AccountingStart`; the first of the month at midnight by default. The option was checked before. */
export function parseAccountingStart(text: string | undefined): IntervalRule {
  const words = (text ?? 'month 1 0:00').trim().toLowerCase().split(/\s+/);
  const unit = words[0] === 'week' || words[0] === 'day' ? words[0] : 'month';
  const [hour = 0, minute = 0] = (words.at(-1) ?? '').split(':').map(Number);
  return { unit, day: unit === 'day' ? 0 : Number(words[1] ?? 1), hour, minute };
}

/** Start and end, milliseconds, of the interval that holds `nowMs`. Local time, as C tor. */
export function intervalAt(rule: IntervalRule, nowMs: number): { readonly startMs: number; readonly endMs: number } {
  const now = new Date(nowMs);
  const thisOne = startIn(rule, now, 0);
  const startMs = thisOne > nowMs ? startIn(rule, now, -1) : thisOne;
  const endMs = thisOne > nowMs ? thisOne : startIn(rule, now, 1);
  return { startMs, endMs };
}

/** The start in the month, week or day of `now`, `shift` units later. */
function startIn({ unit, day, hour, minute }: IntervalRule, now: Date, shift: number): number {
  const year = now.getFullYear();
  const month = now.getMonth();
  const date = now.getDate();
  if (unit === 'month') return new Date(year, month + shift, day, hour, minute).getTime();
  if (unit === 'day') return new Date(year, month, date + shift, hour, minute).getTime();
  const weekday = now.getDay() === 0 ? 7 : now.getDay();
  return new Date(year, month, date - weekday + day + 7 * shift, hour, minute).getTime();
}
