// The time a report is asked for: in words, in the page's address, and as the API takes it.

export const SPANS = { '24h': '24 h', '7d': '7 d', '30d': '30 d', all: 'All', own: 'Own' } as const;
export type SpanName = keyof typeof SPANS;

export interface Span {
  name: SpanName;
  /** First and last UTC day of an own span, both in it; empty: open. */
  first: string;
  last: string;
}

export const USUAL: SpanName = '30d';
const HOURS: Partial<Record<SpanName, number>> = { '24h': 24, '7d': 7 * 24, '30d': 30 * 24 };
const HOUR_MS = 3_600_000;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** Reports on what is yet to come: their last 7 days are the next 7. */
const AHEAD = new Set(['expiring_soon']);
export const isAhead = (report: string): boolean => AHEAD.has(report);

/** A day that there is; empty for anything else an address may say. */
const day = (text: string | undefined): string =>
  text && DAY.test(text) && !Number.isNaN(Date.parse(text)) ? text : '';

export function spanOf(asked: Readonly<Record<string, string>> = {}): Span {
  const name = asked.span && Object.hasOwn(SPANS, asked.span) ? (asked.span as SpanName) : USUAL;
  return name === 'own'
    ? { name, first: day(asked.from), last: day(asked.to) }
    : { name, first: '', last: '' };
}

/** What the address says of a span. */
export function askedOf({ name, first, last }: Span): Record<string, string | undefined> {
  return {
    span: name === USUAL ? undefined : name,
    from: name === 'own' ? first : undefined,
    to: name === 'own' ? last : undefined
  };
}

/** `from` and `to` as the API takes them: `to` itself is not in it. */
export function bounds(
  { name, first, last }: Span,
  now: number,
  ahead = false
): { from?: string; to?: string } {
  if (name === 'own')
    return {
      ...(first && { from: first }),
      ...(last && { to: new Date(Date.parse(last) + 24 * HOUR_MS).toISOString().slice(0, 10) })
    };
  const hours = HOURS[name];
  if (hours === undefined) return {};
  const away = new Date(now + (ahead ? hours : -hours) * HOUR_MS).toISOString();
  return ahead ? { to: away } : { from: away };
}
