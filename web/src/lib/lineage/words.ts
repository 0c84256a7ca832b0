// How the things of a lineage are named, what leads to them, and what an edge is in words.
import type { LineageEdge, LineageNode } from '../api/rows';
import { shortRun } from '../format';
import { hashOf, type Place } from '../state/place';
import type { Way } from './graph';

const RELATIONS: Record<Way, Record<LineageEdge['relation'], string>> = {
  made_from: {
    given: 'was given',
    read: 'read',
    made: 'made by',
    saved: 'saved from',
    restored: 'restored from'
  },
  used_by: {
    given: 'given to',
    read: 'read by',
    made: 'made',
    saved: 'saved as',
    restored: 'restored as'
  }
};

/** What joins a thing to the one above it in a tree: "read by", "made by". */
export function relationOf({ relation }: Pick<LineageEdge, 'relation'>, way: Way): string {
  return RELATIONS[way][relation];
}

/** What kind of thing it is and where: "artifact · 5f2c8a9b", "public library". */
export function placeOf({ kind, run_id, scope }: LineageNode): string {
  if (kind === 'library') return scope === 'public' ? 'public library' : 'library';
  if (kind === 'web') return 'web page';
  return run_id ? `${kind} · ${shortRun(run_id)}` : kind;
}

/** Everything about it in one line, for those who do not see the picture. */
export function wordsOf(node: LineageNode): string {
  const { kind, name, version, run_id, gone } = node;
  const where = kind === 'agent' ? 'agent' : kind === 'artifact' ? 'artifact' : placeOf(node);
  return [
    version ? `${name} version ${version}` : name,
    run_id ? `${where} of run ${shortRun(run_id)}` : where,
    ...(gone ? [gone] : [])
  ].join(', ');
}

/**
 * Where a click on it leads: to the file over the page that is open, of an agent to its run, of what is gone to its
 * lineage, which stays. Null for a page whose address is none that a browser should open.
 */
export function hrefOf(
  { kind, name, run_id, version, gone }: LineageNode,
  on: Place
): string | null {
  if (kind === 'web') return /^https?:\/\//i.test(name) ? name : null;
  if (kind === 'agent') return hashOf({ page: 'run', runId: run_id ?? null, file: null });
  const more = { ...(version && { version }), ...(gone && { lineage: 'both' as const }) };
  return hashOf({
    ...on,
    file:
      kind === 'library'
        ? { kind, filename: name, ...more }
        : { kind, runId: run_id ?? '', filename: name, ...more }
  });
}
