// What a chart draws, made of rows and of which columns go where. Knows no library and no page.
import { kindOf, measured, plain, unitOf, type Column, type Kind, type Unit } from '../grid/values';

export interface Spec {
  type: 'bar' | 'line' | 'area' | 'dot';
  x: string;
  y: string[];
  /** The column whose values split the rows, beside or instead of several `y`. */
  series?: string | null;
  stacked?: boolean;
}

export interface Point {
  x: string | number | Date;
  y: number;
  series: string;
}

export interface Drawing {
  type: Spec['type'];
  xName: string;
  yName: string;
  xKind: Kind;
  unit: Unit;
  stacked: boolean;
  points: Point[];
  series: string[];
  /** How many values of x, or points, there are beyond those that are drawn. */
  left_out: number;
}

/** Bars beyond these are no longer read one by one. */
export const MOST_BARS = 20;
/** More marks than this make a page slow, and no picture clearer. */
export const MOST_POINTS = 2000;
export const MOST_SERIES = 6;
const OTHERS = 'others';

/** The drawing of these rows; null when they have nothing to draw. */
export function drawingOf(spec: Spec, columns: Column[], rows: unknown[][]): Drawing | null {
  const at = (name: string) => columns.findIndex((column) => column.name === name);
  const x = at(spec.x);
  const ys = spec.y.map(at).filter((index) => index >= 0);
  if (x < 0 || !ys.length) return null;
  const xKind = kindOf(columns[x]!.type);
  const by = spec.series ? at(spec.series) : -1;
  const seriesOf = (row: unknown[], y: number): string =>
    [by >= 0 && (plain(row[by]) || '∅'), (by < 0 || ys.length > 1) && columns[y]!.name]
      .filter(Boolean)
      .join(' · ');
  const all = rows.flatMap((row) =>
    ys.flatMap((y): Point[] => {
      const [value, place] = [number(row[y]), placed(row[x], xKind)];
      return value === null || place === null
        ? []
        : [{ x: place, y: value, series: seriesOf(row, y) }];
    })
  );
  if (xKind !== 'name') all.sort((a, b) => Number(a.x) - Number(b.x));
  const [points, left_out] =
    spec.type === 'bar' && xKind !== 'time'
      ? firstBars(spec.stacked ? all : apart(all))
      : latest(all);
  if (!points.length) return null;
  const unit = unitOf(columns[ys[0]!]!.name);
  return {
    type: spec.type,
    xName: spec.x,
    yName: spec.y.length > 1 ? '' : spec.y[0]!,
    xKind,
    unit,
    stacked: spec.stacked ?? false,
    ...fewSeries(points),
    left_out
  };
}

/** What a person would draw first: the first time or name against the first number. */
export function guess(columns: Column[]): Spec | null {
  const kinds = columns.map(({ type }) => kindOf(type));
  const y = columns.findIndex(
    ({ name }, at) => kinds[at] === 'number' && !/(^|_)(seq|id)$/.test(name)
  );
  const time = kinds.indexOf('time');
  const x = time >= 0 ? time : kinds.findIndex((kind, at) => kind === 'name' && at !== y);
  if (y < 0 || x < 0) {
    const [a, b] = kinds.flatMap((kind, at) => (kind === 'number' ? [at] : []));
    return a === undefined || b === undefined
      ? null
      : { type: 'dot', x: columns[a]!.name, y: [columns[b]!.name] };
  }
  return { type: time >= 0 ? 'line' : 'bar', x: columns[x]!.name, y: [columns[y]!.name] };
}

/** The chart in a sentence, for those who do not see it. */
export function described({ type, points, series, xName, yName, unit, left_out }: Drawing): string {
  const top = points.reduce((most, point) => (point.y > most.y ? point : most));
  const many = new Set(points.map(({ x }) => Number(x) || String(x))).size;
  return [
    `${{ bar: 'Bars', line: 'Lines', area: 'Areas', dot: 'Points' }[type]} of ${yName || series.join(', ')} by ${xName}`,
    `${many} ${many === 1 ? 'value' : 'values'}`,
    `highest ${measured(top.y, unit)} at ${named(top.x)}${series.length > 1 ? ` (${top.series})` : ''}`,
    left_out ? `${left_out} more are in the table` : ''
  ]
    .filter(Boolean)
    .join('; ');
}

/** Some four even steps from nothing to above this many bytes, each a round number of B, KB, MB… */
export function byteTicks(bytes: number): number[] {
  const rough = Math.max(1, bytes / 4);
  const unit = 1024 ** Math.floor(Math.log(rough) / Math.log(1024));
  const round = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024].find((step) => step * unit >= rough)!;
  const steps = Math.max(1, Math.ceil(bytes / (round * unit)));
  return Array.from({ length: steps + 1 }, (_, n) => n * round * unit);
}

/** A place on the axis in words. */
export const named = (x: Point['x']): string =>
  x instanceof Date
    ? x
        .toISOString()
        .replace(/T00:00:00\.000Z$/, '')
        .replace(/\.000Z$/, 'Z')
    : String(x);

function number(value: unknown): number | null {
  const found =
    typeof value === 'number' ? value : typeof value === 'string' && value ? Number(value) : NaN;
  return Number.isFinite(found) ? found : null;
}

function placed(value: unknown, kind: Kind): Point['x'] | null {
  if (value === null || value === undefined) return kind === 'name' ? '∅' : null;
  if (kind === 'number') return number(value);
  if (kind === 'name') return plain(value);
  const time = new Date(plain(value));
  return Number.isNaN(time.getTime()) ? null : time;
}

/** Rows of the same name are bars of their own: `report.md`, `report.md (2)`. */
function apart(points: Point[]): Point[] {
  const seen = new Map<string, number>();
  return points.map((point) => {
    const key = `${point.series}\u0000${named(point.x)}`;
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    return nth === 1 ? point : { ...point, x: `${named(point.x)} (${nth})` };
  });
}

function firstBars(points: Point[]): [Point[], number] {
  const names = [...new Set(points.map(({ x }) => x))];
  const drawn = new Set(names.slice(0, MOST_BARS));
  return [points.filter(({ x }) => drawn.has(x)), names.length - drawn.size];
}

function latest(points: Point[]): [Point[], number] {
  return [points.slice(-MOST_POINTS), Math.max(0, points.length - MOST_POINTS)];
}

/** The largest series; the rest together, for no eye keeps ten colours apart. */
function fewSeries(points: Point[]): { points: Point[]; series: string[] } {
  const sums = new Map<string, number>();
  for (const { series, y } of points) sums.set(series, (sums.get(series) ?? 0) + Math.abs(y));
  if (sums.size <= MOST_SERIES) return { points, series: [...sums.keys()] };
  const ranked = [...sums].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const kept = new Set(ranked.slice(0, MOST_SERIES - 1));
  const rest = new Map<unknown, Point>();
  const main = points.filter((point) => {
    if (kept.has(point.series)) return true;
    const key = Number(point.x) || String(point.x);
    rest.set(key, { x: point.x, y: (rest.get(key)?.y ?? 0) + point.y, series: OTHERS });
    return false;
  });
  return { points: [...main, ...rest.values()], series: [...kept, OTHERS] };
}
