// The exact words that a model is told: an agent's briefing, and a turn's request as it was sent.
import { api, at, taken, textAt } from '../api/client';

export interface Tool {
  name: string;
  description: string;
  /** A JSON Schema of its arguments. */
  parameters: Record<string, unknown>;
}

export interface Briefing {
  system: string;
  opening: string;
  tools: Tool[];
}

export interface Part {
  title: string;
  text: string;
}

const json = (value: unknown) => JSON.stringify(value, null, 1);

const partsOf = (briefing: Partial<Briefing> | null | undefined): Part[] => [
  { title: 'System', text: briefing?.system ?? '' },
  { title: 'Opening', text: briefing?.opening ?? '' },
  { title: 'Tools', text: json(briefing?.tools ?? []) }
];

/** What an agent was told first, by the hash that the log names. */
export async function briefingOf(run_id: string, sha256: string): Promise<Briefing> {
  return JSON.parse(await textAt(at.text(run_id, sha256))) as Briefing;
}

export const briefingParts = async (run_id: string, sha256: string): Promise<Part[]> =>
  partsOf(await briefingOf(run_id, sha256));

/** What was known and sent for one turn. */
export async function promptOf(run_id: string, agent_id: string, turn: number): Promise<Part[]> {
  const path = { run_id, agent_id, turn };
  const address = '/runtime/{run_id}/agents/{agent_id}/turns/{turn}/prompt';
  const { briefing, request } = await taken(api.GET(address, { params: { path } }));
  const sent = request ? json(request) : 'No request was sent: a person answered this turn.';
  return [
    ...partsOf(briefing as Partial<Briefing> | null),
    { title: 'Request as sent', text: sent }
  ];
}
