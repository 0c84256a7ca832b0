// A person's turn in a model's place: when it is due, and a tool's arguments as fields to fill in. Pure.
import type { AgentState } from '../api/rows';
import type { Transcript } from './transcript';

/** Whose turn it is: `due` says the turn's number, otherwise `words` say what it waits for. */
export type Due = { turn: number; words: '' } | { turn: null; words: string };

const waits = (words: string): Due => ({ turn: null, words });

export function dueOf(
  agent: Pick<AgentState, 'status'>,
  { turns }: Pick<Transcript, 'turns'>
): Due {
  if (agent.status === 'failed') return waits('It failed. Decide above whether it is tried again.');
  if (agent.status !== 'running')
    return waits('It has not begun. Your turn comes once the agents before it are done.');
  const last = turns.at(-1);
  if (last?.calls.some(({ status }) => status === 'asked' || status === 'running'))
    return waits(`Your turn comes once the calls of turn ${last.turn} have returned.`);
  return { turn: (last?.turn ?? 0) + 1, words: '' };
}

/** Agents that a person may still answer for. */
export const answerable = ({ status }: Pick<AgentState, 'status'>): boolean =>
  !['finished', 'skipped', 'pruned'].includes(status);

type Schema = Record<string, unknown>;

export interface Field {
  name: string;
  kind: 'text' | 'number' | 'boolean' | 'choice' | 'json';
  required: boolean;
  words: string;
  choices: string[];
}

/** The schema that counts of one that may also be nothing. */
function meant(schema: Schema): Schema {
  const ways = ((schema.anyOf ?? []) as Schema[]).filter(({ type }) => type !== 'null');
  return ways.length === 1 ? { ...schema, ...ways[0] } : schema;
}

function kindOf(schema: Schema): Field['kind'] {
  if (Array.isArray(schema.enum)) return 'choice';
  if (schema.type === 'string') return 'text';
  if (schema.type === 'integer' || schema.type === 'number') return 'number';
  return schema.type === 'boolean' ? 'boolean' : 'json';
}

/** A tool's arguments, those that are needed first. */
export function fieldsOf(parameters: Schema): Field[] {
  const needed = (parameters.required ?? []) as string[];
  const all = Object.entries((parameters.properties ?? {}) as Record<string, Schema>);
  const fields = all.map(([name, given]): Field => {
    const schema = meant(given);
    return {
      name,
      kind: kindOf(schema),
      required: needed.includes(name),
      words: typeof given.description === 'string' ? given.description : '',
      choices: ((schema.enum ?? []) as unknown[]).map(String)
    };
  });
  return fields.sort((a, b) => Number(b.required) - Number(a.required));
}

/** What a field's text means; `wrong` says why it means nothing. Left out where it is empty and not needed. */
function valueOf(field: Field, text: string): { value?: unknown; wrong?: string } {
  if (!text.trim() && !field.required) return {};
  if (field.kind === 'text') return { value: text };
  if (!text.trim()) return { wrong: 'This is needed.' };
  if (field.kind === 'choice') return { value: text };
  if (field.kind === 'boolean') return { value: text === 'true' };
  try {
    const value: unknown = JSON.parse(text);
    if (field.kind === 'number' && typeof value !== 'number') return { wrong: 'Write a number.' };
    return { value };
  } catch (error) {
    return {
      wrong:
        field.kind === 'number' ? 'Write a number.' : `This is no JSON: ${(error as Error).message}`
    };
  }
}

export interface Args {
  args: Record<string, unknown>;
  /** Why a field's text cannot be, by its name. */
  wrong: Record<string, string>;
}

/** The arguments that the fields' texts make. */
export function argsOf(fields: readonly Field[], texts: Readonly<Record<string, string>>): Args {
  const made: Args = { args: {}, wrong: {} };
  for (const field of fields) {
    const { value, wrong } = valueOf(field, texts[field.name] ?? '');
    if (wrong) made.wrong[field.name] = wrong;
    else if (value !== undefined) made.args[field.name] = value;
  }
  return made;
}
