// How what differs between two runs is named, written and counted. Pure.
import type { NamedDifference, RunsDifference, RunState, RunStatus } from '../api/rows';
import { plural } from '../format';
import { written } from '../grid/values';
import { WORDS } from '../runs/status';

/** A file that a run was given, as a difference has it. */
export type Input = RunState['inputs'][number];

/** A file that a run made, as a difference has it. */
export interface Made {
  run_id: string;
  filename: string;
  agent_id: string;
  version: number;
  size_bytes: number;
  content_type: string;
  /** What became of it since; empty: nothing. */
  gone: string;
  /** Its bytes are gone. */
  erased?: true;
}

const NAMES: Record<string, string> = {
  attached_files: 'Files',
  attached_artifacts: 'Artifacts',
  retention_days: 'Days kept',
  total_tokens_used: 'Tokens',
  cost_usd: 'Cost',
  duration_ms: 'Duration',
  latency_ms: 'Time',
  delegated_by: 'Called in by',
  code: 'Error code'
};

/** "depends_on" → "Depends on". */
export function nameOf(field: string): string {
  const words = NAMES[field] ?? field.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const isPlain = (value: unknown): boolean => value === null || typeof value !== 'object';

/** A field's value for people; null when there is none. */
export function valueOf(field: string, value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (field === 'status') return WORDS[value as RunStatus] ?? String(value);
  if (typeof value !== 'object') return written(value, { name: field, type: '' });
  if (Array.isArray(value) && value.every(isPlain)) return value.join(', ') || null;
  return JSON.stringify(value, null, 2);
}

/** How many things of a kind are not the same, those that are cut too. */
export const differing = ({ added, removed, changed, cut }: NamedDifference): number =>
  added.length + removed.length + changed.length + cut.added + cut.removed + cut.changed;

/** "3 differ, 4 the same"; "all 4 the same", "none". */
export function tally(differ: number, same: number): string {
  if (!differ) return same ? `all ${same} the same` : 'none';
  return same ? `${differ} differ, ${same} the same` : `${differ} differ`;
}

/** How many agents are not the same. */
export const agentsDiffering = ({ added, removed, changed }: RunsDifference['agents']): number =>
  added.length + removed.length + changed.length;

/** All of it in a sentence. */
export function summary({ parameters, inputs, agents, results, files }: RunsDifference): string {
  const counts = [
    [parameters.length, 'parameter'],
    [differing(inputs), 'input'],
    [agentsDiffering(agents), 'agent'],
    [results.length, 'result'],
    [differing(files), 'file']
  ] as const;
  const told = counts.flatMap(([n, word]) => (n ? [plural(n, word)] : []));
  return told.length ? `Different: ${told.join(', ')}.` : 'Nothing is different.';
}
