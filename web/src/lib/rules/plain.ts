// A rule in plain words: when it looks, what must hold, what happens then. Pure.
import type { RuleRow } from '../api/rows';

type Conditions = Record<string, unknown>;
export type Writing = Pick<RuleRow, 'trigger' | 'action' | 'when' | 'unless' | 'spawn'>;

/** As many of a list as are read in one go; the rest is counted. */
const NAMED = 4;
const NUMBER = new Intl.NumberFormat('en');

const list = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)];

/** "a, b or c"; of a long list how many more there are. */
export function either(value: unknown): string {
  const all = list(value);
  if (all.length > NAMED + 1)
    return `${all.slice(0, NAMED).join(', ')} or ${all.length - NAMED} others`;
  return all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}

/** Bytes as a rules file has them: 1000 to the KB, 1024 to the KiB. */
export function bytes(value: number): string {
  const units = [
    ['GiB', 1024 ** 3],
    ['GB', 1e9],
    ['MiB', 1024 ** 2],
    ['MB', 1e6],
    ['KiB', 1024],
    ['KB', 1000]
  ] as const;
  const found = value && units.find(([, unit]) => value % unit === 0);
  return found ? `${NUMBER.format(value / found[1])} ${found[0]}` : `${NUMBER.format(value)} bytes`;
}

const count = (value: unknown): string => NUMBER.format(Number(value));

/** What a pattern asks of one argument; any one of its parts is enough. */
const PATTERNS: Record<string, (value: unknown) => string> = {
  regex: (value) => `matches ${either(value)}`,
  glob: (value) => `is like ${either(value)}`,
  extension: (value) => `ends in ${either(value)}`,
  python: (value) => `is Python that uses ${either(value)}`,
  python_commands: (value) => `is Python that starts ${either(value)}`,
  commands: (value) => `is a command line with ${either(value)}`
};

function argument([name, pattern]: [string, unknown]): string {
  const parts = Object.entries((pattern ?? {}) as Conditions).map(
    ([key, value]) => PATTERNS[key]?.(value) ?? `${key}: ${either(value)}`
  );
  return `${name === '*' ? 'any text in it' : `its ${name}`} ${parts.join(', or ')}`;
}

/** Conditions that are said after the trigger; `agent` and `tool` are part of it. */
const SAID: Record<string, (value: unknown) => string> = {
  args: (value) =>
    Object.entries(value as Conditions)
      .map(argument)
      .join(' and '),
  path: (value) => `its path is like ${either(value)}`,
  extension: (value) => `its name ends in ${either(value)}`,
  content_type: (value) => `its bytes are of the type ${either(value)}`,
  content: (value) => `its bytes are a ${either(list(value).map((one) => one.replace('-', ' ')))}`,
  size_over: (value) => `it is larger than ${bytes(Number(value))}`,
  files_over: (value) => `the agent has made more than ${count(value)} files`,
  calls_over: (value) => `the agent has made more than ${count(value)} calls`,
  code: (value) => `the failure’s code is like ${either(value)}`,
  attempts_over: (value) => `it was tried more than ${count(value)} times`,
  tokens_over: (value) => `the run has used more than ${count(value)} tokens`,
  cost_over_usd: (value) => `the run has cost more than $${String(value)}`
};

function conditions(when: Conditions, without: readonly string[] = []): string[] {
  return Object.entries(when)
    .filter(([key]) => !without.includes(key))
    .map(([key, value]) => SAID[key]?.(value) ?? `${key} is ${either(value)}`);
}

function trigger({ trigger, when }: Writing): string {
  const agent = when.agent ? `an agent like ${either(when.agent)}` : 'an agent';
  if (trigger === 'AgentFailed') return `${agent} fails`;
  if (trigger === 'FileGenerated') return `${agent} makes or changes a file`;
  return `${agent} calls ${when.tool ? either(when.tool) : 'any tool'}`;
}

const joined = (all: string[]): string => all.join(', and ');

/** When a rule matches: "When an agent calls write_file and its path ends in .exe, unless …". */
export function whenOf(rule: Writing): string {
  const rest = conditions(rule.when, ['agent', 'tool']);
  // Both are said by the trigger; in an exception they stand alone.
  const { agent, tool, ...others } = rule.unless ?? {};
  const but = [
    ...(agent ? [`the agent is like ${either(agent)}`] : []),
    ...(tool ? [`the tool is ${either(tool)}`] : []),
    ...conditions(others)
  ];
  return `When ${trigger(rule)}${rest.length ? ` and ${joined(rest)}` : ''}${but.length ? `, unless ${joined(but)}` : ''}`;
}

/** What happens then. */
export function thenOf({ trigger, action, spawn }: Writing): string {
  if (action === 'spawn_agent')
    return `${String(spawn?.id ?? 'an agent')} is called in to do this: “${String(spawn?.prompt ?? '')}”`;
  if (trigger === 'AgentFailed') return 'a person decides: retry, skip or abort';
  if (action === 'block')
    return trigger === 'ToolCall' ? 'the call is refused' : 'the file is not kept';
  return trigger === 'ToolCall'
    ? 'a person is asked before the call runs'
    : 'a person is asked before the file is kept';
}

export const ACTIONS: Record<RuleRow['action'], string> = {
  block: 'blocks',
  request_approval: 'asks',
  spawn_agent: 'calls in'
};

/** Every condition as it is written, for those who want it exactly. */
export function exactly({ when, unless, spawn }: Writing): [string, string][] {
  const written = (prefix: string, all: Conditions | null) =>
    Object.entries(all ?? {}).map(([key, value]): [string, string] => [
      `${prefix}${key}`,
      Array.isArray(value) ? value.join(', ') : flat(value)
    ]);
  return [...written('', when), ...written('unless ', unless), ...written('spawn ', spawn)];
}

const flat = (value: unknown): string =>
  value && typeof value === 'object'
    ? Object.entries(value as Conditions)
        .map(([key, inner]) => `${key}: ${Array.isArray(inner) ? inner.join(', ') : flat(inner)}`)
        .join('\n')
    : String(value);
