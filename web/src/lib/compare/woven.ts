// The rows that only one of two tables has, woven into one list: what was rewritten stands below what it was. Pure.

export type Cells = readonly (string | null)[];

export interface WovenRow {
  side: 'a' | 'b';
  cells: Cells;
  /** Places of the cells that are other ones in the row this one stands for; none when it stands for none. */
  other: ReadonlySet<number>;
}

const NONE: ReadonlySet<number> = new Set();

/** What comes first where; what is missing comes last, as the API orders rows. */
function before(x: string | null | undefined, y: string | null | undefined): number {
  if (x === y) return 0;
  if (x === null || x === undefined) return 1;
  if (y === null || y === undefined) return -1;
  return x < y ? -1 : 1;
}

/** How many rows from `at` on have the same first cell. */
function block(rows: readonly Cells[], at: number): number {
  let end = at;
  while (end < rows.length && rows[end]![0] === rows[at]![0]) end += 1;
  return end - at;
}

function pair(a: Cells, b: Cells): WovenRow[] {
  const other = new Set(a.flatMap((cell, at) => (cell === b[at] ? [] : [at])));
  return [
    { side: 'a', cells: a, other },
    { side: 'b', cells: b, other }
  ];
}

const alone = (side: 'a' | 'b', rows: readonly Cells[]): WovenRow[] =>
  rows.map((cells) => ({ side, cells, other: NONE }));

/** Both sides in the order of their first cells; one of each with the same first cell is one row rewritten. */
export function woven(a: readonly Cells[], b: readonly Cells[]): WovenRow[] {
  const rows: WovenRow[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const order = i >= a.length ? 1 : j >= b.length ? -1 : before(a[i]![0], b[j]![0]);
    const [m, n] = [order <= 0 ? block(a, i) : 0, order >= 0 ? block(b, j) : 0];
    if (m === 1 && n === 1) rows.push(...pair(a[i]!, b[j]!));
    else rows.push(...alone('a', a.slice(i, i + m)), ...alone('b', b.slice(j, j + n)));
    [i, j] = [i + m, j + n];
  }
  return rows;
}
