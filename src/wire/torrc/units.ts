type Units = ReadonlyMap<string, bigint>;

function table(...groups: readonly (readonly [names: string, factor: number])[]): Units {
  return new Map(groups.flatMap(([names, factor]) => names.split(' ').map((name) => [name, BigInt(factor)] as const)));
}

const kilo = 2 ** 10;
const mega = 2 ** 20;
const giga = 2 ** 30;
const tera = 2 ** 40;
const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;

/** Bytes. A bit is an eighth of a byte; there is no bare `k`, but a bare `m`, as in C tor. */
export const memoryUnits: Units = new Map([
  ['', 1n],
  ...table(
    ['b byte bytes', 1],
    ['kb kbyte kbytes kilobyte kilobytes', kilo],
    ['kilobits kilobit kbits kbit', kilo / 8],
    ['m mb mbyte mbytes megabyte megabytes', mega],
    ['megabits megabit mbits mbit', mega / 8],
    ['gb gbyte gbytes gigabyte gigabytes', giga],
    ['gigabits gigabit gbits gbit', giga / 8],
    ['tb tbyte tbytes terabyte terabytes', tera],
    ['terabits terabit tbits tbit', tera / 8],
  ),
]);

/** Seconds. */
export const timeUnits: Units = new Map([
  ['', 1n],
  ...table(
    ['second seconds', 1],
    ['minute minutes', minute],
    ['hour hours', hour],
    ['day days', day],
    ['week weeks', week],
    ['month months', 2629728],
  ),
]);

/** Milliseconds. */
export const timeMsecUnits: Units = new Map([
  ['', 1n],
  ...table(
    ['msec millisecond milliseconds', 1],
    ['second seconds', 1000],
    ['minute minutes', 1000 * minute],
    ['hour hours', 1000 * hour],
    ['day days', 1000 * day],
    ['week weeks', 1000 * week],
  ),
]);

const uint64Limit = 1n << 64n;
const int64Max = (1n << 63n) - 1n;

/** A number with an optional unit. Throws an Error whose message is C tor's. */
export function parseWithUnit(text: string, units: Units): bigint {
  const whole = /^\s*([+-]?)([0-9]+)/.exec(text);
  const magnitude = whole === null ? undefined : BigInt(whole[2] as string);
  const integer = magnitude !== undefined && magnitude < uint64Limit ? magnitude : undefined;
  const end = whole?.[0].length ?? 0;
  if (integer === undefined || text[end] === '.') return parseFractional(text, units);
  const factor = unitOf(text, end, units);
  // A minus sign wraps round in C and ends as an overflow.
  const value = (whole?.[1] === '-' && integer > 0n ? uint64Limit - integer : integer) * factor.value;
  if (value > int64Max) throw new RangeError(`Overflow while parsing ${text} ${factor.unit}`);
  return value;
}

function parseFractional(text: string, units: Units): bigint {
  const match = /^\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/.exec(text);
  const number = match === null ? Number.NaN : Number(match[0]);
  if (match === null || !(number >= 0 && number <= Number(uint64Limit))) {
    throw new RangeError(`Unable to parse ${text} as a number`);
  }
  const factor = unitOf(text, match[0].length, units);
  const value = number * Number(factor.value);
  if (value >= Number(int64Max)) throw new RangeError(`Overflow while parsing ${text} ${factor.unit}`);
  return BigInt(Math.trunc(value));
}

function unitOf(text: string, end: number, units: Units): { unit: string; value: bigint } {
  const unit = text.slice(end).replace(/^\s+/, '').toLowerCase();
  const value = units.get(unit);
  if (value === undefined) throw new RangeError(`Unknown unit in ${text}`);
  return { unit, value };
}
