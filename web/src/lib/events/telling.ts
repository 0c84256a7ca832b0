// An event in few words, and what it led to as a tree.
import type { EventRow, LinkedEvent } from '../api/rows';
import { plain } from '../grid/values';

// In this order; the first that are there are told.
const TELLING = [
  'filename',
  'agent_id',
  'path',
  'turn',
  'name',
  'ok',
  'status',
  'code',
  'reason',
  'message',
  'summary',
  'reactor',
  'error'
];
const MOST = 5;
const LONGEST = 60;

/** `run.started` of `raro.run.started.v1`. */
export const shortType = (type: string): string =>
  type.replace(/^raro\./, '').replace(/\.v\d+$/, '');

/** The few facts that tell an event apart from others of its type; not again who did it. */
export function facts({ data, actor }: Pick<EventRow, 'data' | 'actor'>): string {
  // Whatever was written is in the log, also what is no object.
  const known = Object(data) as EventRow['data'];
  return TELLING.flatMap((name) => {
    const value = plain(known[name]).replace(/\s+/g, ' ');
    if (!value || value === '[]' || actor === `agent:${value}`) return [];
    return [`${name}=${value.length > LONGEST ? `${value.slice(0, LONGEST - 1)}…` : value}`];
  })
    .slice(0, MOST)
    .join(' ');
}

/** The run that an event is about, by its subject. */
export function runOf({ subject }: Pick<EventRow, 'subject'>): string | null {
  const [, , , aggregate, id] = subject.split('.');
  return aggregate === 'run' && id ? id : null;
}

export type Tone = 'idle' | 'live' | 'done' | 'error' | 'running' | 'linked';

const TONES: [RegExp, Tone][] = [
  [/failed|parked|refused|denied/, 'error'],
  [/started|scheduled|called|requested/, 'running'],
  [/completed|finished|returned|granted|restored/, 'done'],
  [/generated|uploaded|promoted|saved|linked/, 'live']
];

export const toneOf = (type: string): Tone =>
  TONES.find(([words]) => words.test(type))?.[1] ?? 'idle';

/** Effects by the event that caused them, in the order of the log. */
export function byCause(effects: LinkedEvent[]): Map<number, LinkedEvent[]> {
  const found = new Map<number, LinkedEvent[]>();
  for (const effect of effects) {
    const cause = effect.cause_seq ?? 0;
    found.set(cause, [...(found.get(cause) ?? []), effect]);
  }
  return found;
}
