// A situation that rules could mind, as it is filled in and as it is asked about. Pure.
import type { components } from '../api/types';

export type Situation = Omit<components['schemas']['Situation'], 'args'> & {
  args: Record<string, unknown>;
};
export type Trigger = Situation['trigger'];

export const TRIGGERS: Record<Trigger, string> = {
  ToolCall: 'An agent calls a tool',
  FileGenerated: 'An agent made a file',
  AgentFailed: 'An agent failed'
};

/** What a person wrote: numbers and JSON are words until they are asked about. */
export interface Written {
  trigger: Trigger;
  agent: string;
  cost: string;
  tool: string;
  args: string;
  path: string;
  content: string;
  size: string;
  code: string;
  message: string;
}

export const BLANK: Written = {
  trigger: 'ToolCall',
  agent: 'coder_it',
  cost: '',
  tool: 'execute_python',
  args: '{\n  "code": "import os\\nos.remove(\'input/a.csv\')"\n}',
  path: '',
  content: '',
  size: '',
  code: '',
  message: ''
};

/** What is asked of the server. Throws an Error that says which field is not right. */
export function situationOf(written: Written, toml?: string): Situation {
  const common = {
    trigger: written.trigger,
    agent: written.agent.trim() || BLANK.agent,
    cost_usd: numberOf(written.cost, 'Cost so far') ?? 0,
    tokens: 0,
    before: 0,
    tool: '',
    args: {},
    path: '',
    content: '',
    code: '',
    message: '',
    ...(toml === undefined ? {} : { toml })
  };
  if (written.trigger === 'ToolCall')
    return { ...common, tool: written.tool.trim(), args: argumentsOf(written.args) };
  if (written.trigger === 'AgentFailed')
    return { ...common, code: written.code.trim(), message: written.message };
  const size_bytes = numberOf(written.size, 'Size');
  return {
    ...common,
    path: written.path.trim(),
    content: written.content,
    ...(size_bytes === null ? {} : { size_bytes: Math.round(size_bytes) })
  };
}

function numberOf(text: string, field: string): number | null {
  if (!text.trim()) return null;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${field} must be a number from 0 on.`);
  return value;
}

function argumentsOf(text: string): Record<string, unknown> {
  if (!text.trim()) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`Arguments are no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!value || typeof value !== 'object' || Array.isArray(value))
    throw new Error('Arguments must be a JSON object, such as {"path": "a.csv"}.');
  return value as Record<string, unknown>;
}
