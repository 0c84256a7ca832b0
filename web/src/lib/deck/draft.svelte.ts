// The run that is being prepared: directive, graph, limits. It outlives a look at another page.
import { api, at, headers, refusal, taken } from '../api/client';
import { link as stream } from '../state/link.svelte';
import { session } from '../state/session.svelte';
import { views } from '../state/views.svelte';
import { fromWorkflow, type Graph } from './graph';
import { EXAMPLES, type Scenario } from './scenarios';

export type Mode = 'exec' | 'plan';

class Draft {
  directive = $state('');
  mode = $state<Mode>('exec');
  /** What is shown to be edited; null: the planner makes it when the run starts. */
  graph = $state.raw<Graph | null>(null);
  chosen = $state<string | null>(null);
  /** The tier of every agent that names none of its own; empty: as planned. */
  model = $state('');
  retentionDays = $state<number | null>(session.settings.retentionDays);
  tokenBudget = $state<number | null>(null);
  timeoutMinutes = $state<number | null>(null);

  get linked(): string[] {
    return [...views.library.values()]
      .filter(({ linked }) => linked)
      .map(({ filename }) => filename)
      .sort();
  }

  take(graph: Graph | null): void {
    this.graph = graph;
    this.chosen = null;
  }

  /** Ask the planner what the directive becomes. */
  async plan(): Promise<void> {
    const body = { directive: this.directive };
    this.take(fromWorkflow(await taken(api.POST('/runtime/plan', { body }))));
  }

  /** Start it; the run's id. */
  async start(): Promise<string> {
    const graph = this.graph;
    const agents = (graph?.agents ?? []).map((one) =>
      this.model ? { ...one, model: this.model } : one
    );
    const body = {
      id: graph?.id ?? 'workflow',
      name: graph?.name ?? '',
      agents,
      directive: this.directive,
      max_token_budget: this.tokenBudget ?? 0,
      timeout_ms: Math.round((this.timeoutMinutes ?? 0) * 60_000),
      ...(this.retentionDays && { retention_days: this.retentionDays })
    };
    return (await taken(api.POST('/runtime/start', { body: body as never }))).run_id;
  }

  /** Bring a scenario's files, and start it on them alone. */
  async startScenario(scenario: Scenario): Promise<string> {
    for (const name of scenario.files) if (!views.library.has(name)) await bring(name);
    const body = {
      id: scenario.graph?.id ?? scenario.id,
      name: scenario.name,
      agents: scenario.graph?.agents ?? [],
      directive: scenario.directive,
      attached_files: scenario.files
    };
    const started = await taken(api.POST('/runtime/start', { body: body as never }));
    if (stream.standing.status !== 'live') stream.retry();
    return started.run_id;
  }
}

async function bring(name: string): Promise<void> {
  const address = EXAMPLES[name];
  if (!address) throw new Error(`${name} is not in the library. Upload it, then start again.`);
  const bytes = await (await fetch(address)).blob();
  const kept = await fetch(at.library(name), { method: 'PUT', headers: headers(), body: bytes });
  if (!kept.ok) throw refusal(kept.status, await kept.json().catch(() => null));
}

export const draft = new Draft();
