// What arrives on /runtime/stream (docs/http-api.md, Live views).
import type { ApprovalRow, ArtifactRow, LibraryRow, RunRow } from '../api/rows';

export interface Rows {
  library: LibraryRow;
  artifacts: ArtifactRow;
  runs: RunRow;
  approvals: ApprovalRow;
}

export type View = keyof Rows;
export const VIEWS: View[] = ['library', 'artifacts', 'runs', 'approvals'];

/** What an agent does this moment; may be missed, is never repeated. */
export interface Activity {
  run_id: string;
  agent_id: string;
  at: string;
  status: 'thinking' | 'saying' | 'puppet' | 'running' | 'returned' | 'output' | (string & {});
  turn?: number;
  tool?: string;
  call_id?: string;
  ok?: boolean;
  stream?: 'stdout' | 'stderr';
  text?: string;
}

export type Snapshot = { [V in View]: { view: V; rows: Rows[V][]; head: number } }[View];
export type Removal = string | { run_id: string; filename: string };
export type Patch = {
  [V in View]: { view: V; upserts: Rows[V][]; removes: Removal[]; head: number };
}[View];

export type Frame =
  | { event: 'hello'; data: { cursor: string | null; head: number } }
  | { event: 'snapshot'; data: Snapshot }
  | { event: 'patch'; data: Patch }
  | { event: 'activity'; data: Activity }
  | { event: 'beat'; data: { head: number } }
  | { event: 'resync'; data: { reason: string } }
  | { event: 'problem'; data: { status: number; code: string; detail: string } };
