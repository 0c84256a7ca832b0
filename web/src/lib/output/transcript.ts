// A run's events folded into what each agent said and did, in order. Pure; the events come from /audit/events.
import type { EventRow } from '../api/rows';
import { plural } from '../format';

export interface BlobRef {
  sha256: string;
  size_bytes: number;
}

export interface MadeFile {
  path: string;
  size_bytes: number;
}

export interface Call {
  call_id: string;
  name: string;
  args: Record<string, unknown>;
  args_blob: BlobRef | null;
  status: 'asked' | 'running' | 'done' | 'failed';
  code: string | null;
  result: string;
  result_blob: BlobRef | null;
  latency_ms: number;
  files: MadeFile[];
}

export interface Turn {
  turn: number;
  model: string;
  text: string;
  text_blob: BlobRef | null;
  tokens: number;
  tokens_in: number;
  tokens_out: number;
  cost_usd: number;
  latency_ms: number;
  time: string;
  /** The person who answered in the model's place. */
  answered_by: string | null;
  /** What the model was told after it. */
  remarks: string[];
  calls: Call[];
}

export interface Transcript {
  agent_id: string;
  status: 'waiting' | 'running' | 'finished' | 'failed' | 'skipped' | 'pruned';
  turns: Turn[];
  /** Why it failed, and what to do. */
  failure: { code: string; message: string } | null;
  output: BlobRef | null;
  /** What it was told before its first turn. */
  briefing: BlobRef | null;
  /** Files that no call of a turn made: the last look at the end. */
  files: MadeFile[];
}

/** What a run as a whole went through: stopped, paused, a missing file. */
export interface Remark {
  seq: number;
  time: string;
  event: string;
  actor: string;
  text: string;
}

export interface Told {
  seq: number;
  agents: Map<string, Transcript>;
  remarks: Remark[];
}

export const nothingTold = (): Told => ({ seq: 0, agents: new Map(), remarks: [] });

/** How often something went wrong for an agent: calls that failed, and its own failure. */
export const errorsOf = ({ turns, failure }: Transcript): number =>
  turns.flatMap(({ calls }) => calls).filter(({ status }) => status === 'failed').length +
  (failure ? 1 : 0);

type Data = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const blob = (value: unknown): BlobRef | null =>
  value && typeof value === 'object' ? (value as BlobRef) : null;

/** An agent of which nothing was heard yet. */
export const silent = (agent_id: string): Transcript => ({
  agent_id,
  status: 'waiting',
  turns: [],
  failure: null,
  output: null,
  briefing: null,
  files: []
});

function turnOf(agent: Transcript, data: Data): Turn | undefined {
  return agent.turns.find(({ turn }) => turn === number(data.turn));
}

function callOf(agent: Transcript, data: Data): Call | undefined {
  return turnOf(agent, data)?.calls.find(({ call_id }) => call_id === text(data.call_id));
}

function asked(call: Data): Call {
  return {
    call_id: text(call.call_id),
    name: text(call.name),
    args: (call.args ?? {}) as Record<string, unknown>,
    args_blob: blob(call.args_blob),
    status: 'asked',
    code: null,
    result: '',
    result_blob: null,
    latency_ms: 0,
    files: []
  };
}

function completed(agent: Transcript, data: Data, time: string): void {
  const turn: Turn = {
    turn: number(data.turn),
    model: text(data.model),
    text: text(data.text),
    text_blob: blob(data.text_blob),
    tokens: number(data.tokens_in) + number(data.tokens_out),
    tokens_in: number(data.tokens_in),
    tokens_out: number(data.tokens_out),
    cost_usd: number(data.cost_usd),
    latency_ms: number(data.latency_ms),
    time,
    answered_by: text(data.answered_by) || null,
    remarks: [],
    calls: ((data.tool_calls ?? []) as Data[]).map(asked)
  };
  agent.turns = [...agent.turns.filter((known) => known.turn !== turn.turn), turn];
}

function made(agent: Transcript, data: Data): void {
  const file = { path: text(data.path), size_bytes: number(data.size_bytes) };
  const into = callOf(agent, data)?.files ?? agent.files;
  if (!into.some(({ path }) => path === file.path)) into.push(file);
}

function returned(agent: Transcript, data: Data): void {
  const call = callOf(agent, data);
  if (!call) return;
  call.status = data.ok ? 'done' : 'failed';
  call.code = typeof data.code === 'string' ? data.code : null;
  call.result = text(data.result);
  call.result_blob = blob(data.result_blob);
  call.latency_ms = number(data.latency_ms);
}

const OF_AGENTS: Record<string, (agent: Transcript, data: Data, time: string) => void> = {
  agent_scheduled: (agent, data) => {
    agent.status = 'waiting';
    agent.failure = null;
    const remark = text(data.remark);
    if (remark) agent.turns.at(-1)?.remarks.push(remark);
  },
  agent_called_out: (agent, data) => void turnOf(agent, data)?.remarks.push(text(data.message)),
  agent_skipped: (agent) => (agent.status = 'skipped'),
  agent_pruned: (agent) => (agent.status = 'pruned'),
  agent_started: (agent) => (agent.status = 'running'),
  agent_briefed: (agent, data) => (agent.briefing = blob(data.briefing)),
  agent_turn_completed: completed,
  tool_called: (agent, data) => {
    const call = callOf(agent, data);
    if (call) call.status = 'running';
  },
  tool_returned: returned,
  file_generated: made,
  agent_finished: (agent, data) => {
    agent.status = 'finished';
    agent.output = blob(data.output);
  },
  agent_failed: (agent, data) => {
    agent.status = 'failed';
    agent.failure = { code: text(data.code), message: text(data.message) };
  }
};

const listed = (names: unknown): string => (Array.isArray(names) ? names.join(', ') : '');

const REMARKS: Record<string, (data: Data) => string> = {
  agent_delegated: (data) => {
    const child = (data.child ?? {}) as Data;
    const fed = listed(data.feeds);
    return `Graph changed: ${text(data.agent_id)} added ${text(child.id)}${fed ? `; ${fed} wait for it` : ''}.`;
  },
  agent_pruned: (data) => `Graph changed: ${text(data.by)} took out ${text(data.agent_id)}.`,
  dependency_grafted: (data) =>
    `Graph changed: ${text(data.agent_id)} waits for ${listed(data.depends_on)}, too.`,
  agent_puppeted: (data) =>
    data.on
      ? `A person answers for ${text(data.agent_id)} from its next turn on.`
      : `The model of ${text(data.agent_id)} answers again.`,
  policy_matched: (data) => `Rule ${text(data.rule_id)}: ${text(data.detail)}`,
  agent_skipped: (data) => `${text(data.agent_id)} was skipped. ${text(data.reason)}`,
  started: (data) => text(data.directive) || 'Started without a directive.',
  session_prepared: () => 'The session is ready: inputs are in place.',
  paused: (data) => `Paused. ${text(data.reason)}`,
  resumed: () => 'Resumed.',
  stopped: (data) => `Stopped. ${text(data.reason)}`,
  failed: (data) => text(data.reason),
  completed: () => 'Completed.',
  session_expired: () => 'The session folder was cleaned away; artifacts stay.'
};

/** Fold events, in order, into what is told already. What they touch is new in the answer, the rest the same. */
export function tell(told: Told, events: EventRow[]): Told {
  const next: Told = { seq: told.seq, agents: new Map(told.agents), remarks: [...told.remarks] };
  const touched = new Set<string>();
  const agentOf = (agent_id: string): Transcript => {
    if (!touched.has(agent_id)) {
      next.agents.set(agent_id, structuredClone(next.agents.get(agent_id) ?? silent(agent_id)));
      touched.add(agent_id);
    }
    return next.agents.get(agent_id)!;
  };
  for (const { seq, subject, data, time, actor } of events) {
    if (seq <= next.seq) continue;
    next.seq = seq;
    const event = subject.slice(subject.lastIndexOf('.') + 1);
    OF_AGENTS[event]?.(agentOf(text(data.agent_id)), data, time);
    const remark = REMARKS[event];
    if (remark) next.remarks.push({ seq, time, event, actor, text: remark(data).trim() });
  }
  return next;
}

function finished({ turns, files }: Transcript): string {
  const made = new Set(
    [...files, ...turns.flatMap(({ calls }) => calls.flatMap((call) => call.files))].map(
      ({ path }) => path
    )
  );
  return `Finished after ${plural(turns.length, 'turn')}${made.size ? ` with ${plural(made.size, 'file')}` : ''}.`;
}

/** One line in plain words on what an agent does or did. */
export function narrative(agent: Transcript): string {
  const last = agent.turns.at(-1);
  const call = last?.calls.at(-1);
  if (agent.failure) return agent.failure.message;
  if (agent.status === 'finished') return finished(agent);
  if (call?.status === 'running') return `Running ${call.name}…`;
  if (call?.status === 'failed') return `${call.name} failed; the agent decides what next.`;
  if (agent.status === 'running')
    return last ? 'Thinking about the next step…' : 'Getting started…';
  return 'Waiting for the agents before it.';
}
