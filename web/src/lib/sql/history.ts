// Queries that were run, the newest first: a list with an end, as text for the browser to keep.

export interface Past {
  sql: string;
  /** When it was run last, RFC 3339. */
  at: string;
  /** How many rows came; null when it failed. */
  rows: number | null;
}

export const MOST = 50;
/** Longer ones are run, but would crowd out all others. */
export const LONGEST_CHARS = 20_000;

/** The list with one more; a query that is there already moves to the front. */
export function added(list: Past[], one: Past): Past[] {
  if (!one.sql.trim() || one.sql.length > LONGEST_CHARS) return list;
  return [one, ...list.filter(({ sql }) => sql !== one.sql)].slice(0, MOST);
}

const isPast = (one: unknown): one is Past => {
  const { sql, at, rows } = (one ?? {}) as Partial<Past>;
  return (
    typeof sql === 'string' &&
    typeof at === 'string' &&
    !Number.isNaN(Date.parse(at)) &&
    (rows === null || typeof rows === 'number')
  );
};

/** What was kept; nothing where it is no list of ours. */
export function read(text: string | null): Past[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.filter(isPast).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** A query on one line. */
export const oneLine = (sql: string): string => sql.replace(/\s+/g, ' ').trim();
