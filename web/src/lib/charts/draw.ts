// A drawing as SVG, by Observable Plot (docs/decisions/027): its colours are CSS variables, so a theme needs no redraw.
import * as Plot from '@observablehq/plot';
import { measured } from '../grid/values';
import { byteTicks, described, named, type Drawing, type Point } from './drawing';

/** In the order of the series; each stands out from both themes' grounds. */
export const COLOURS = [
  'var(--cyan-ink)',
  'var(--amber-ink)',
  'var(--lilac-ink)',
  'var(--green-ink)',
  'var(--red-ink)',
  'var(--ink-soft)'
];

const BAR_PX = 24;
const LETTER_PX = 6.7;
const LONGEST_NAME = 30;
const HEIGHT_PX = 360;

export function draw(drawing: Drawing, width: number): Element {
  const lying = isLying(drawing);
  const shape = lying ? bars(drawing) : overTime(drawing, width);
  const svg = Plot.plot({
    width,
    style: '--plot-background: var(--raised); font: 11px var(--font-data)',
    ariaLabel: described(drawing),
    color: { domain: drawing.series, range: COLOURS },
    ...shape
  });
  // A picture with one name for those who do not see it: its parts have none of their own.
  svg.setAttribute('role', 'img');
  for (const mark of svg.querySelectorAll<SVGElement>('g[aria-label]')) {
    mark.dataset.mark = mark.getAttribute('aria-label')!;
    mark.removeAttribute('aria-label');
  }
  return svg;
}

/** Bars of names lie, so that the names can be read; so do bars that stand side by side. */
function isLying(drawing: Drawing): boolean {
  return drawing.type === 'bar' && (drawing.xKind !== 'time' || isGrouped(drawing));
}

const isGrouped = ({ stacked, series }: Drawing) => !stacked && series.length > 1;

const short = (text: string) =>
  text.length > LONGEST_NAME ? `…${text.slice(1 - LONGEST_NAME)}` : text;

const told = ({ unit, series }: Drawing) => ({
  tip: { fontSize: 12 },
  title: (point: Point) =>
    `${named(point.x)}\n${series.length > 1 ? `${point.series}: ` : ''}${measured(point.y, unit)}`
});

function bars(drawing: Drawing): Plot.PlotOptions {
  const points = drawing.points.map((point) => ({ ...point, x: named(point.x) }));
  const names = [...new Set(points.map(({ x }) => x))];
  const grouped = isGrouped(drawing);
  const each = grouped ? BAR_PX * drawing.series.length + 10 : BAR_PX + 4;
  const margin = Math.max(...names.map((name) => short(name).length)) * LETTER_PX + 16;
  const labels = { label: null, tickFormat: short, tickSize: 0 };
  const bar = { x: 'y', fill: 'series', fillOpacity: 0.85, inset: 1, ...told(drawing) };
  return {
    height: names.length * each + 48,
    marginLeft: Math.max(40, margin),
    marginRight: 48,
    x: {
      grid: true,
      label: null,
      ...range(drawing),
      tickFormat: (n: number) => measured(n, drawing.unit)
    },
    ...(grouped
      ? {
          fy: { domain: names, padding: 0.15, axis: 'left' as const, ...labels },
          y: { axis: null, domain: drawing.series },
          marks: [
            Plot.barX(points, { ...bar, y: 'series', fy: 'x' }),
            Plot.ruleX([0], { stroke: 'var(--line-strong)' })
          ]
        }
      : {
          y: { domain: names, ...labels },
          marks: [
            Plot.barX(points, { ...bar, y: 'x' }),
            Plot.ruleX([0], { stroke: 'var(--line-strong)' })
          ]
        })
  };
}

function overTime(drawing: Drawing, width: number): Plot.PlotOptions {
  const { points, type, xKind, unit } = drawing;
  const place = { x: 'x', y: 'y' };
  const baseline = Plot.ruleY([0], { stroke: 'var(--line-strong)' });
  const few = points.length <= 200;
  const marks = {
    bar: () => [
      Plot.rectY(points, {
        ...place,
        interval: intervalOf(points),
        fill: 'series',
        fillOpacity: 0.85,
        ...told(drawing)
      }),
      baseline
    ],
    line: () => [
      baseline,
      Plot.lineY(points, {
        ...place,
        stroke: 'series',
        z: 'series',
        strokeWidth: 1.75,
        ...(few && { marker: 'circle' as const })
      }),
      Plot.dot(points, { ...place, fill: 'series', r: few ? 2.5 : 0, ...told(drawing) })
    ],
    area: () => [
      Plot.areaY(points, { ...place, fill: 'series', z: 'series', fillOpacity: 0.22 }),
      Plot.lineY(
        points,
        Plot.stackY2({ ...place, stroke: 'series', z: 'series', strokeWidth: 1.75 })
      ),
      baseline,
      Plot.dot(
        points,
        Plot.stackY2({ ...place, fill: 'series', r: few ? 2.5 : 0, ...told(drawing) })
      )
    ],
    dot: () => [Plot.dot(points, { ...place, stroke: 'series', r: 3, ...told(drawing) })]
  }[type]();
  return {
    height: HEIGHT_PX,
    marginLeft: 64,
    marginRight: 20,
    marginBottom: 36,
    x:
      xKind === 'time'
        ? { type: 'utc', label: null, ...timeAxis(points, width) }
        : { label: drawing.xName },
    y: {
      grid: true,
      label: null,
      ...range(drawing),
      tickFormat: (n: number) => measured(n, unit)
    },
    marks
  };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FEW_DAYS = 9;
const DAY_PX = 64;

/** Days are named one by one while there are few; one alone has a few around it, for an axis needs a length. */
function timeAxis(points: Point[], width: number): Plot.ScaleOptions {
  const [first, last] = [Number(points[0]?.x), Number(points.at(-1)?.x)];
  const whole = points.every(({ x }) => Number(x) % DAY_MS === 0);
  if (!whole || last - first > FEW_DAYS * DAY_MS) return {};
  const around = last === first ? 3 * DAY_MS : 0;
  const days = (last - first + 2 * around) / DAY_MS + 1;
  return {
    ticks: `${Math.ceil((days * DAY_PX) / width)} days`,
    tickFormat: '%b %-d',
    ...(around && { domain: [new Date(first - around), new Date(last + DAY_MS + around)] })
  };
}

/** How wide a bar of time is: as wide as the times allow without two of them in one. */
function intervalOf(points: Point[]): 'day' | 'hour' | 'minute' {
  const every = (ms: number) => points.every(({ x }) => Number(x) % ms === 0);
  return every(DAY_MS) ? 'day' : every(HOUR_MS) ? 'hour' : 'minute';
}

/** Nothing but zeros has no height either; bytes are counted in steps of 1024. */
function range(drawing: Drawing): Plot.ScaleOptions {
  const { points, unit, type } = drawing;
  const piled = type === 'area' || (type === 'bar' && !isGrouped(drawing));
  const tallest = piled ? heights(points) : points.map(({ y }) => y);
  if (points.every(({ y }) => y === 0)) return { domain: [0, 1], ticks: [0] };
  const top = tallest.reduce((most, y) => Math.max(most, y));
  // There is no half of a run.
  if (unit !== 'bytes' && top <= 5 && points.every(({ y }) => Number.isInteger(y) && y >= 0))
    return { domain: [0, top], ticks: Array.from({ length: top + 1 }, (_, n) => n) };
  if (unit !== 'bytes') return { nice: true, ticks: 5 };
  const ticks = byteTicks(top);
  return { domain: [0, ticks.at(-1)!], ticks };
}

/** How high each place is when what is there is put on top of one another. */
function heights(points: Point[]): number[] {
  const sums = new Map<unknown, number>();
  for (const { x, y } of points) {
    const place = x instanceof Date ? x.getTime() : x;
    sums.set(place, (sums.get(place) ?? 0) + y);
  }
  return [...sums.values()];
}
