// Snapshots and patches folded into rows by key. Pure: runs in the page, in the shared worker and in tests.
import type { Patch, Removal, Rows, Snapshot, View } from './frames';

/** Separates the parts of a key; no file name can hold it. */
const BETWEEN = '\u0000';

export const artifactKey = (run_id: string, filename: string): string =>
  `${run_id}${BETWEEN}${filename}`;

/** Two runs may ask the same thing under the same name. */
export const approvalKey = (run_id: string, approval_id: string): string =>
  `${run_id}${BETWEEN}${approval_id}`;

const KEYS: { [V in View]: (row: Rows[V]) => string } = {
  library: (row) => row.filename,
  artifacts: (row) => artifactKey(row.run_id, row.filename),
  runs: (row) => row.run_id,
  approvals: (row) => approvalKey(row.run_id, row.approval_id)
};

const removed = (removal: Removal): string =>
  typeof removal === 'string' ? removal : artifactKey(removal.run_id, removal.filename);

export type Tables = { [V in View]: Map<string, Rows[V]> };

export function emptyTables(): Tables {
  return { library: new Map(), artifacts: new Map(), runs: new Map(), approvals: new Map() };
}

/** The view's rows are these and no others. */
export function takeSnapshot(tables: Tables, { view, rows }: Snapshot): void {
  const table = tables[view] as Map<string, unknown>;
  const key = KEYS[view] as (row: unknown) => string;
  table.clear();
  for (const row of rows) table.set(key(row), row);
}

/** Rows new or changed, and keys of those that went; a row older than the one held is not taken. */
export function takePatch(tables: Tables, { view, upserts, removes }: Patch): void {
  const table = tables[view] as Map<string, { seq: number }>;
  const key = KEYS[view] as (row: unknown) => string;
  for (const row of upserts as { seq: number }[]) {
    const name = key(row);
    const held = table.get(name);
    if (!held || held.seq <= row.seq) table.set(name, row);
  }
  for (const removal of removes) table.delete(removed(removal));
}
