// How sizes, times and names are written; the same everywhere.

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** 1536 → "1.5 KB" (1 KB = 1024 B). */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** 12345 → "12.3k". */
export function count(n: number): string {
  if (n < 1000) return String(n);
  return n < 1_000_000
    ? `${(n / 1000).toFixed(n < 100_000 ? 1 : 0)}k`
    : `${(n / 1_000_000).toFixed(1)}M`;
}

/** 0.00123 → "$0.0012"; what rounds to nothing is less than the least that is written. */
export function dollars(usd: number): string {
  if (usd > 0 && usd < 0.0001) return '<$0.0001';
  return `$${usd.toFixed(usd && usd < 1 ? 4 : 2)}`;
}

/** 83_000 → "1 m 23 s"; below ten seconds with a tenth. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${Math.floor(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} m`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** How long ago, in one unit: "now", "5 m", "3 h", "2 d". */
export function age(time: string, now: number): string {
  const s = Math.max(0, (now - Date.parse(time)) / 1000);
  if (s < 10) return 'now';
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** A moment in the reader's own zone and manner. */
export const moment = (time: string): string => MOMENT.format(new Date(time));

/** "run_5f2c8a9b7d1e4f60" → "5f2c8a9b". */
export const shortRun = (runId: string): string => runId.replace(/^run_/, '').slice(0, 8);

/** The last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** "a.tar.GZ" → "gz"; empty without one. */
export function ending(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : '';
}

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n} ${n === 1 ? one : many}`;

const BRIEF = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23'
});

/** A moment as short as it can be told: "Nov 21, 08:15:07". */
export const briefly = (time: string): string => BRIEF.format(new Date(time));

/** A moment as a field of date and time takes it: in the reader's zone, to the second. */
export function localInput(time: string): string {
  const then = new Date(time);
  const local = new Date(then.getTime() - then.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
