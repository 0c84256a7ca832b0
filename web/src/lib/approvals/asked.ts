// What a run asks a person, as it is grouped and said. Pure.
import type { ApprovalRow } from '../api/rows';

export type Decision = ApprovalRow['options'][number];

export interface Batch {
  key: string;
  rows: ApprovalRow[];
  /** What can be decided of all that are pending alike; empty when they are one. */
  together: Decision[];
}

const TITLES: Record<ApprovalRow['kind'], string> = {
  tool_call: 'A call needs your permission',
  file: 'A file needs your permission',
  agent_failed: 'An agent failed',
  no_upstream: 'No data from upstream'
};

export const titleOf = ({ kind }: ApprovalRow): string => TITLES[kind];

export const WORDS: Record<Decision, string> = {
  allow: 'Allow',
  deny: 'Deny',
  retry: 'Retry',
  skip: 'Skip',
  abort: 'Abort'
};

/** How a request ended; empty while it waits. */
export function stampOf({ status, decision, timed_out }: ApprovalRow): string {
  if (status === 'pending') return '';
  if (status === 'void') return 'RUN ENDED';
  if (timed_out) return 'TIMED OUT';
  return { allow: 'ALLOWED', deny: 'DENIED', retry: 'RETRIED', skip: 'SKIPPED', abort: 'ABORTED' }[
    decision ?? 'deny'
  ];
}

/** A run's requests, those that wait first, requests of one turn together. */
export function batchesOf(rows: Iterable<ApprovalRow>, run_id: string): Batch[] {
  const batches = new Map<string, ApprovalRow[]>();
  for (const row of rows) {
    if (row.run_id !== run_id) continue;
    const key = row.batch || row.approval_id;
    batches.set(key, [...(batches.get(key) ?? []), row]);
  }
  const made = [...batches].map(([key, rows]) => ({ key, rows, together: together(rows) }));
  const waits = (batch: Batch) => batch.rows.some(({ status }) => status === 'pending');
  return made.sort(
    (a, b) => Number(waits(b)) - Number(waits(a)) || b.rows[0]!.seq - a.rows[0]!.seq
  );
}

function together(rows: ApprovalRow[]): Decision[] {
  const pending = rows.filter(({ status }) => status === 'pending');
  if (pending.length < 2) return [];
  return pending[0]!.options.filter((option) =>
    pending.every(({ options }) => options.includes(option))
  );
}

/** What it is about, in lines of name and text. */
export function factsOf({ subject }: ApprovalRow): [string, string][] {
  const { args, ...rest } = subject as { args?: Record<string, unknown> };
  return [...Object.entries(rest), ...Object.entries(args ?? {})].map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value, null, 1)
  ]);
}
