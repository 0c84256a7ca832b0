// Which library files are shown, in which order.
import type { LibraryRow } from '../api/rows';

export type LibrarySort = 'name' | 'date' | 'size' | 'linked';

const COMPARE: Record<LibrarySort, (a: LibraryRow, b: LibraryRow) => number> = {
  name: () => 0,
  date: (a, b) => b.uploaded_at.localeCompare(a.uploaded_at),
  size: (a, b) => b.size_bytes - a.size_bytes,
  linked: (a, b) => Number(b.linked) - Number(a.linked)
};

export function listed(rows: Iterable<LibraryRow>, q: string, sort: LibrarySort): LibraryRow[] {
  const wanted = q.trim().toLowerCase();
  return [...rows]
    .filter(({ filename }) => filename.toLowerCase().includes(wanted))
    .sort(
      (a, b) =>
        COMPARE[sort](a, b) || a.filename.localeCompare(b.filename, undefined, { numeric: true })
    );
}

/** Where a file came from, in words; empty for an ordinary upload. */
export function cameFrom({ origin }: Pick<LibraryRow, 'origin'>): string {
  const run = typeof origin?.run_id === 'string' ? origin.run_id : '';
  if (origin?.kind === 'artifact')
    return `Made by ${String(origin.agent_id ?? 'an agent')} in ${run}`;
  if (origin?.kind === 'version') return `Version ${String(origin.version)} restored`;
  return origin?.kind === 'dropped' ? 'Dropped into the folder on the server' : '';
}
