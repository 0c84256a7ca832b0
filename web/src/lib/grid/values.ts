// Values of reports and of SQL as the API gives them: which kind they are, how they are written, how they are ordered.
import { count, duration, moment, size } from '../format';
import { isNumber } from '../viewer/kind';

export interface Column {
  name: string;
  /** DuckDB's name of the type. */
  type: string;
}

export type Kind = 'number' | 'time' | 'name';

export function kindOf(type: string): Kind {
  if (isNumber(type)) return 'number';
  return /^(DATE|TIMESTAMP)/.test(type) && !type.endsWith(']') ? 'time' : 'name';
}

/** What a column counts, as its name says it: every table of RARO keeps to these endings. */
export type Unit = 'bytes' | 'usd' | 'share' | 'seconds' | 'ms' | 'hours' | null;

const UNITS: [RegExp, Unit][] = [
  [/(^|_)bytes$/, 'bytes'],
  [/(^|_)usd$/, 'usd'],
  [/_rate$/, 'share'],
  [/(^|_)ms$/, 'ms'],
  [/_s$/, 'seconds'],
  [/^hours_/, 'hours']
];

export const unitOf = (name: string): Unit =>
  UNITS.find(([ending]) => ending.test(name))?.[1] ?? null;

/** A number with its unit, short enough for an axis. */
export function measured(value: number, unit: Unit): string {
  switch (unit) {
    case 'bytes':
      return size(value);
    case 'usd':
      return `$${value.toFixed(value !== 0 && Math.abs(value) < 0.01 ? 6 : 2)}`;
    case 'share':
      return `${(value * 100).toFixed(value && value < 0.1 ? 1 : 0)} %`;
    case 'seconds':
      return duration(value * 1000);
    case 'ms':
      return duration(value);
    case 'hours':
      return duration(value * 3_600_000);
    default:
      return Number.isInteger(value) && Math.abs(value) < 10_000
        ? String(value)
        : Math.abs(value) >= 1000
          ? count(value)
          : String(Number(value.toPrecision(4)));
  }
}

/** A value as text, whole and as it is. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A value for people: sizes, durations and moments as the rest of the console writes them. */
export function written(value: unknown, { name, type }: Column): string {
  const unit = unitOf(name);
  if (typeof value === 'number') {
    return unit
      ? measured(value, unit)
      : value.toLocaleString(undefined, { maximumFractionDigits: 6 });
  }
  if (typeof value === 'string' && type.startsWith('TIMESTAMP') && !Number.isNaN(Date.parse(value)))
    return moment(value);
  return plain(value);
}

/** Text order of one column; what is missing comes last whichever way. */
export function ordered(
  rows: unknown[][],
  at: number,
  kind: Kind,
  descending: boolean
): unknown[][] {
  const sign = descending ? -1 : 1;
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[at] ?? null, b[at] ?? null];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    return sign * (kind === 'number' ? Number(x) - Number(y) : compare(plain(x), plain(y)));
  });
}

const SAMPLE = 200;
const LEAST_CH = 5;
const MOST_CH = 44;
const SORT_MARK_CH = 2;

/** How wide each column should be, in characters, by its head and its first rows. */
export function widths(columns: Column[], rows: unknown[][], write: typeof written): number[] {
  return columns.map((column, at) => {
    const longest = rows
      .slice(0, SAMPLE)
      .reduce((most, row) => Math.max(most, write(row[at], column).length), 0);
    const head = Math.max(column.name.length + SORT_MARK_CH, Math.min(column.type.length, 12));
    return Math.min(MOST_CH, Math.max(LEAST_CH, head, longest));
  });
}
