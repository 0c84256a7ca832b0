// How an agent stands, as it is said and lit. What has not ended when its run is over ended with it.
import type { AgentState, RunState } from '../api/rows';
import { isOver } from '../runs/status';
import type { Tone } from '../ui/Led.svelte';

export type Look = 'waiting' | 'running' | 'finished' | 'failed' | 'skipped' | 'pruned' | 'ended';

export interface Standing {
  look: Look;
  word: string;
  tone: Tone;
  /** How long it has worked; null before it began. */
  ms: number | null;
}

const TONES: Record<Look, Tone> = {
  waiting: 'idle',
  running: 'running',
  finished: 'done',
  failed: 'error',
  skipped: 'idle',
  pruned: 'idle',
  ended: 'idle'
};

type Timed = Pick<AgentState, 'status' | 'started_at' | 'ended_at'>;

export function standing(
  { status, started_at, ended_at }: Timed,
  run: Pick<RunState, 'status' | 'end_time'>,
  now: number
): Standing {
  const over = isOver(run.status);
  const open = status === 'running' || status === 'scheduled' || status === 'idle';
  const look: Look = !open ? status : over ? 'ended' : status === 'running' ? 'running' : 'waiting';
  const word =
    look === 'ended'
      ? started_at
        ? 'stopped'
        : 'not run'
      : look === 'waiting'
        ? status === 'scheduled'
          ? 'next'
          : 'waiting'
        : look;
  const end = ended_at ?? (over ? run.end_time : null);
  const ms = started_at
    ? Math.max(0, (end ? Date.parse(end) : now) - Date.parse(started_at))
    : null;
  return { look, word, tone: TONES[look], ms };
}
