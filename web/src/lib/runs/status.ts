// How a run's status is written and lit.
import type { RunRow, RunStatus } from '../api/rows';
import type { Tone } from '../ui/Led.svelte';

export const TONES: Record<RunStatus, Tone> = {
  idle: 'idle',
  running: 'running',
  awaitingapproval: 'linked',
  paused: 'recent',
  completed: 'live',
  failed: 'error',
  stopped: 'idle'
};

export const WORDS: Record<RunStatus, string> = {
  idle: 'Idle',
  running: 'Running',
  awaitingapproval: 'Awaiting approval',
  paused: 'Paused',
  completed: 'Completed',
  failed: 'Failed',
  stopped: 'Stopped'
};

const OVER: ReadonlySet<RunStatus> = new Set(['completed', 'failed', 'stopped']);
export const isOver = (status: RunStatus): boolean => OVER.has(status);

/** A run's title: its directive's first line, else its workflow's name. */
export const titleOf = (run: Pick<RunRow, 'directive' | 'name' | 'workflow_id'>): string =>
  run.directive.trim().split('\n', 1)[0] || run.name || run.workflow_id;

/** How long it took, or has taken by now, ms. */
export const took = (run: Pick<RunRow, 'started_at' | 'ended_at'>, now: number): number =>
  (run.ended_at ? Date.parse(run.ended_at) : now) - Date.parse(run.started_at);

/** Whether a run has all the words that are looked for, anywhere. */
export function matches(run: RunRow, q: string): boolean {
  const text = `${run.run_id} ${run.name} ${run.directive} ${run.status} ${(run.agents ?? []).map(({ agent_id }) => agent_id).join(' ')}`;
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => text.toLowerCase().includes(word));
}
