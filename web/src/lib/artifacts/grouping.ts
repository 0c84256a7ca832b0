// Which artifacts are shown, under which run, in which order. Pure, and quick enough to run on every patch.
import type { ArtifactRow, RunRow } from '../api/rows';
import { ending } from '../format';
import type { Tone } from '../ui/Led.svelte';

export type Scope = 'all' | 'current' | 'recent';
export type Sort = 'date' | 'agent' | 'type';

export interface Wanted {
  scope: Scope;
  sort: Sort;
  agent: string;
  type: string;
  q: string;
}

export const EVERYTHING: Wanted = { scope: 'all', sort: 'date', agent: '', type: '', q: '' };

export interface Group {
  run_id: string;
  run: RunRow | undefined;
  /** When its newest file was made. */
  newest: string;
  /** When its first file expires; null when none does. */
  expires: string | null;
  files: ArtifactRow[];
}

export type Line =
  { kind: 'run'; key: string; group: Group } | { kind: 'file'; key: string; file: ArtifactRow };

const DAY_MS = 86_400_000;
export const typeOf = (file: Pick<ArtifactRow, 'filename' | 'content_type'>): string =>
  ending(file.filename) || (file.content_type.split('/')[1] ?? 'file');

const ORDER: Record<Sort, (a: ArtifactRow, b: ArtifactRow) => number> = {
  date: (a, b) => (a.generated_at < b.generated_at ? 1 : a.generated_at > b.generated_at ? -1 : 0),
  agent: (a, b) => (a.agent_id < b.agent_id ? -1 : a.agent_id > b.agent_id ? 1 : 0),
  type: (a, b) => (typeOf(a) < typeOf(b) ? -1 : typeOf(a) > typeOf(b) ? 1 : 0)
};
const byName = (a: ArtifactRow, b: ArtifactRow) =>
  a.filename < b.filename ? -1 : a.filename > b.filename ? 1 : 0;

/** The run that was started last. */
export function currentRun(runs: Iterable<RunRow>): string | null {
  let newest: RunRow | null = null;
  for (const run of runs) if (!newest || run.started_at > newest.started_at) newest = run;
  return newest?.run_id ?? null;
}

/** Runs with their files that fit, the run with the newest file first; `current` is the run of that scope. */
export function grouped(
  files: Iterable<ArtifactRow>,
  runs: ReadonlyMap<string, RunRow>,
  wanted: Wanted,
  now: number,
  current = currentRun(runs.values())
): Group[] {
  const since = new Date(now - DAY_MS).toISOString();
  const q = wanted.q.trim().toLowerCase();
  const groups = new Map<string, Group>();
  for (const file of files) {
    if (wanted.scope === 'current' && file.run_id !== current) continue;
    if (wanted.scope === 'recent' && file.generated_at < since) continue;
    if (wanted.agent && file.agent_id !== wanted.agent) continue;
    if (wanted.type && typeOf(file) !== wanted.type) continue;
    if (q && !`${file.filename} ${file.agent_id} ${file.run_id}`.toLowerCase().includes(q))
      continue;
    let group = groups.get(file.run_id);
    if (!group) {
      const { run_id } = file;
      group = { run_id, run: runs.get(run_id), newest: '', expires: null, files: [] };
      groups.set(run_id, group);
    }
    if (file.generated_at > group.newest) group.newest = file.generated_at;
    const { expires_at, pinned } = file;
    if (expires_at && !pinned && (!group.expires || expires_at < group.expires))
      group.expires = expires_at;
    group.files.push(file);
  }
  const order = ORDER[wanted.sort];
  for (const group of groups.values()) group.files.sort((a, b) => order(a, b) || byName(a, b));
  return [...groups.values()].sort((a, b) => (a.newest < b.newest ? 1 : -1));
}

/** Headers and files one below the other, files of folded runs left out. */
export function lines(groups: Group[], folded: ReadonlySet<string>): Line[] {
  return groups.flatMap((group) => {
    const header: Line = { kind: 'run', key: group.run_id, group };
    if (folded.has(group.run_id)) return [header];
    return [
      header,
      ...group.files.map((file): Line => ({
        kind: 'file',
        key: `${group.run_id}/${file.filename}`,
        file
      }))
    ];
  });
}

export interface Light {
  tone: Tone;
  words: string;
  /** Until when its first file goes, ms since 1970, when that is within a day. */
  goes_at: number | null;
}

/** A run's light: live, expiring within a day, recent (24 h), or none. */
export function lightOf(group: Group, now: number): Light {
  const first = group.expires ? Date.parse(group.expires) : Infinity;
  if (group.run?.status === 'running') return { tone: 'live', words: 'Running', goes_at: null };
  if (first - now < DAY_MS)
    return { tone: 'expiring', words: 'Expires within a day', goes_at: first };
  if (now - Date.parse(group.newest) < DAY_MS)
    return { tone: 'recent', words: 'Made within 24 hours', goes_at: null };
  return { tone: 'idle', words: 'Kept', goes_at: null };
}

/** What can be filtered by: every agent and type there is. */
export function choices(files: Iterable<ArtifactRow>): { agents: string[]; types: string[] } {
  const agents = new Set<string>();
  const types = new Set<string>();
  for (const file of files) {
    agents.add(file.agent_id);
    types.add(typeOf(file));
  }
  return { agents: [...agents].sort(), types: [...types].sort() };
}
