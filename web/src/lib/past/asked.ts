// What is asked of the log's past: everything at one point, and where runs began.
import { api, taken } from '../api/client';
import { runOf } from '../events/telling';
import type { Past } from '../state/views.svelte';
import { emptyTables, takePatch } from '../stream/fold';
import type { Moment } from './player.svelte';

const PAGE = 5000;
const STARTS = 500;

/** Library, artifacts and runs as they were at a point, and the log's last event now. */
export async function pastAt(
  point: string,
  signal: AbortSignal
): Promise<{ past: Past; head: number }> {
  const tables = emptyTables();
  let views = 'library,artifacts,runs';
  let cursors: { artifacts_cursor?: string; runs_cursor?: string } = {};
  for (let at = point; ;) {
    const query = { at, views, limit: PAGE, ...cursors };
    const page = await taken(api.GET('/audit/replay', { params: { query }, signal }));
    const { head, seq, time, next } = page;
    const files = (page.artifacts ?? []).flatMap(({ metadata }) => metadata.artifacts);
    takePatch(tables, { view: 'library', upserts: page.library ?? [], removes: [], head });
    takePatch(tables, { view: 'artifacts', upserts: files, removes: [], head });
    takePatch(tables, { view: 'runs', upserts: page.runs ?? [], removes: [], head });
    if (!next.artifacts && !next.runs) return { past: { seq, time, tables }, head };
    // The pages behind are of the same point, whatever happened meanwhile.
    at = String(seq);
    views = [next.artifacts && 'artifacts', next.runs && 'runs'].filter(Boolean).join(',');
    cursors = {
      ...(next.artifacts && { artifacts_cursor: next.artifacts }),
      ...(next.runs && { runs_cursor: next.runs })
    };
  }
}

export interface Start {
  seq: number;
  time: string;
  run_id: string;
  directive: string;
}

/** Where the client's runs began, the newest first; the last 500. */
export async function starts(): Promise<Start[]> {
  const query = { type: 'started', order: 'desc' as const, limit: STARTS };
  const { events } = await taken(api.GET('/audit/events', { params: { query } }));
  return events.map(({ seq, time, subject, data }) => ({
    seq,
    time,
    run_id: runOf({ subject }) ?? '',
    directive: typeof data.directive === 'string' ? data.directive : ''
  }));
}

const MARKS: Record<string, Moment['mark']> = {
  agent_turn_completed: 'turn',
  artifact_promoted: 'file'
};

/** Every event of a run, in the order of the log. */
export async function momentsOf(run_id: string): Promise<Moment[]> {
  const moments: Moment[] = [];
  for (let after: number | null = 0; after !== null;) {
    const query: { run_id: string; after: number; limit: number } = { run_id, after, limit: 1000 };
    const page = await taken(api.GET('/audit/events', { params: { query } }));
    for (const { seq, time, type } of page.events)
      moments.push({ seq, time: Date.parse(time), mark: MARKS[type.split('.')[2] ?? ''] ?? null });
    after = page.next ?? null;
  }
  return moments;
}
