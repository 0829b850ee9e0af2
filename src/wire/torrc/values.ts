import { quote } from './quoting.ts';
import type { OptionType } from './table/index.ts';
import { memoryUnits, parseWithUnit, timeMsecUnits, timeUnits } from './units.ts';

/** A value in the form the program uses and in the form C tor writes it back. */
export interface Scalar {
  readonly value: boolean | 'auto' | number | bigint | string | readonly string[] | undefined;
  /** Undefined: a string that was never set. */
  readonly text: string | undefined;
}

export type ScalarType = Exclude<OptionType, 'routerset' | 'linelist' | 'linelist-s' | 'linelist-v'>;

const intMax = 2 ** 31 - 1;
const intMin = -(2 ** 31);

/** Throws an Error whose message is C tor's; the caller knows the option's name. */
export function parseScalar(type: ScalarType, text: string): Scalar {
  switch (type) {
    case 'bool':
      return parseBool(text);
    case 'autobool':
      return parseAutobool(text);
    case 'int':
      return parseInteger(text, intMin);
    case 'posint':
      return parseInteger(text, 0);
    case 'uint64':
      return parseUint64(text);
    case 'double':
      return parseDouble(text);
    case 'interval':
      return smallUnits(text, timeUnits);
    case 'msec-interval':
      return smallUnits(text, timeMsecUnits);
    case 'csv-interval':
      // Once a schedule, now only its first step counts.
      return smallUnits(text.split(',', 1)[0] ?? '', timeUnits);
    case 'memunit': {
      const bytes = withUnits(text, memoryUnits);
      return { value: Number(bytes), text: bytes.toString() };
    }
    case 'csv': {
      const list = splitList(text);
      return { value: list, text: list.join(',') };
    }
    case 'string':
    case 'filename':
      return { value: text, text };
  }
}

/** What an option without a default holds. */
export function unsetScalar(type: ScalarType): Scalar {
  switch (type) {
    case 'bool':
    case 'autobool':
      return { value: false, text: '0' };
    case 'uint64':
      return { value: 0n, text: '0' };
    case 'double':
      return { value: 0, text: '0.000000' };
    case 'csv':
      return { value: [], text: '' };
    case 'string':
    case 'filename':
      return { value: undefined, text: undefined };
    default:
      return { value: 0, text: '0' };
  }
}

function parseBool(text: string): Scalar {
  if (text === '0' || text === '1') return { value: text === '1', text };
  throw new RangeError(`Unrecognized value ${text}. Allowed values are 0 and 1.`);
}

function parseAutobool(text: string): Scalar {
  if (text === '0' || text === '1') return { value: text === '1', text };
  if (text.toLowerCase() === 'auto') return { value: 'auto', text: 'auto' };
  throw new RangeError(`Unrecognized value ${text}. Allowed values are 0, 1, and auto.`);
}

function parseInteger(text: string, min: number): Scalar {
  const value = /^\s*[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= intMax)) {
    const range = `Allowed values are between ${min} and ${intMax}.`;
    throw new RangeError(`Integer ${text} is malformed or out of bounds. ${range}`);
  }
  return { value: value + 0, text: String(value + 0) };
}

function parseUint64(text: string): Scalar {
  const match = /^\s*\+?([0-9]{1,20})$/.exec(text);
  const value = match === null ? undefined : BigInt(match[1] as string);
  if (value === undefined || value >= 1n << 64n) {
    throw new RangeError(`Integer ${text} is malformed or out of bounds.`);
  }
  return { value, text: value.toString() };
}

function parseDouble(text: string): Scalar {
  if (!/^\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text)) {
    throw new RangeError(`Could not convert ${quote(text)} to a number.`);
  }
  const value = Number(text);
  if (!Number.isFinite(value)) {
    throw new RangeError(`${quote(text)} is too large to express as a floating-point number.`);
  }
  return { value, text: value.toFixed(6) };
}

function withUnits(text: string, units: ReadonlyMap<string, bigint>): bigint {
  try {
    return parseWithUnit(text, units);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RangeError(`Provided value is malformed or out of bounds: ${reason}`);
  }
}

function smallUnits(text: string, units: ReadonlyMap<string, bigint>): Scalar {
  const value = withUnits(text, units);
  if (value > BigInt(intMax)) throw new RangeError(`Provided value ${text} is too large`);
  return { value: Number(value), text: value.toString() };
}

/** Parts between commas, without blanks round them; empty ones are dropped. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
