// Which events are asked for: as fields, in the page's address, and as the API takes them.

export const FIELDS = ['run', 'agent', 'type', 'actor', 'from', 'to', 'text'] as const;
export type Field = (typeof FIELDS)[number];
export type Filters = Readonly<Record<Field, string>>;

/** What the address asks; times that are none ask nothing. */
export function filtersOf(asked: Readonly<Record<string, string>> = {}): Filters {
  const given = (field: Field) => asked[field] ?? '';
  const time = (field: Field) => (Number.isNaN(Date.parse(given(field))) ? '' : given(field));
  return {
    run: given('run'),
    agent: given('agent'),
    type: given('type'),
    actor: given('actor'),
    from: time('from'),
    to: time('to'),
    text: given('text')
  };
}

const PARAMETERS = { run: 'run_id', text: 'q' } as const;
type Parameter = Exclude<Field, 'run' | 'text'> | 'run_id' | 'q';

/** The parameters of `/audit/events`. */
export function queryOf(filters: Filters): Partial<Record<Parameter, string>> {
  return Object.fromEntries(
    FIELDS.filter((field) => filters[field]).map((field) => [
      PARAMETERS[field as keyof typeof PARAMETERS] ?? field,
      filters[field]
    ])
  );
}

export const isAny = (filters: Filters): boolean => FIELDS.some((field) => filters[field]);

/** The address of a file with these events; the cookie says whose they are. */
export function fileOf(filters: Filters, format: 'jsonl' | 'cloudevents' | 'parquet'): string {
  return `/audit/events/export?${new URLSearchParams({ ...queryOf(filters), format })}`;
}

/** A moment as a field of a date and a time shows it, in the reader's zone; and back. */
export function toField(moment: string): string {
  if (!moment) return '';
  const time = new Date(moment);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export const fromField = (local: string): string => (local ? new Date(local).toISOString() : '');
