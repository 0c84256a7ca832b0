// The run that is being prepared: directive, graph, limits. It outlives a look at another page.
import { api, taken } from '../api/client';
import { link as stream } from '../state/link.svelte';
import { notices } from '../state/notices.svelte';
import { session } from '../state/session.svelte';
import { views } from '../state/views.svelte';
import { bring } from './bring';
import { fromWorkflow, NO_GRAPH, type Graph } from './graph';
import type { Scenario } from './scenarios';

export type Mode = 'exec' | 'plan';

class Draft {
  directive = $state('');
  mode = $state<Mode>('exec');
  /** What is shown to be edited; null: the planner makes it when the run starts. */
  graph = $state.raw<Graph | null>(null);
  chosen = $state<string | null>(null);
  /** Moves with every graph that is brought in whole, so that the page can lead there. */
  brought = $state(0);
  /** The tier of all agents; empty: each has its own. */
  model = $state('');
  retentionDays = $state<number | null>(session.settings.retentionDays);
  tokenBudget = $state<number | null>(null);
  timeoutMinutes = $state<number | null>(null);
  /** What an agent's failure does; empty: the rules decide. */
  onFailure = $state<'' | 'ask' | 'fail'>('');
  /** Whether code of this run may reach the network. */
  allowNetwork = $state(false);
  /** The graph as it was brought in: another one was edited since. */
  #asBrought: Graph | null = null;

  get linked(): string[] {
    return [...views.library.values()]
      .filter(({ linked }) => linked)
      .map(({ filename }) => filename)
      .sort();
  }

  /** Show this graph, or none. What was edited by hand can be had back. */
  take(graph: Graph | null): void {
    const before = this.graph;
    const edited = before !== this.#asBrought;
    this.graph = this.#asBrought = graph;
    this.chosen = null;
    if (graph) this.brought += 1;
    if (before && edited) this.#offer('The edited graph is gone.', before);
  }

  /** Show the graph without some of its agents; they can be had back. */
  without(graph: Graph, words: string): void {
    const before = this.graph;
    this.graph = graph;
    if (!graph.agents.some(({ id }) => id === this.chosen)) this.chosen = null;
    if (before) this.#offer(words, before);
  }

  /** Ask the planner what the directive becomes. */
  async plan(): Promise<void> {
    this.take(await planned(this.directive, this.#files));
  }

  /** Start it; the run's id. */
  async start(): Promise<string> {
    const started = await this.#begin(this.graph ?? NO_GRAPH, this.directive, this.#files);
    this.graph = this.#asBrought = this.chosen = null;
    return started;
  }

  /** Bring a scenario's files, and start it on them alone. */
  async startScenario({ id, name, directive, files, graph }: Scenario): Promise<string> {
    for (const file of files) if (!views.library.has(file)) await bring(file);
    const started = await this.#begin(graph ?? { id, name, agents: [] }, directive, files);
    if (stream.standing.status !== 'live') stream.retry();
    return started;
  }

  /** What is shown as linked; undefined while that is not known: then the server goes by what it holds. */
  get #files(): string[] | undefined {
    return views.has('library') ? this.linked : undefined;
  }

  async #begin(graph: Graph, directive: string, files: string[] | undefined): Promise<string> {
    const { model } = this;
    // A tier is a word about agents: without any the planner is asked for them first.
    const { id, name, agents } =
      model && !graph.agents.length ? await planned(directive, files) : graph;
    const body = {
      id,
      name,
      agents: model ? agents.map((one) => ({ ...one, model })) : agents,
      directive,
      max_token_budget: this.tokenBudget ?? 0,
      allow_network: this.allowNetwork,
      ...(this.onFailure && { on_failure: this.onFailure }),
      timeout_ms: Math.round((this.timeoutMinutes ?? 0) * 60_000),
      ...(files && { attached_files: files }),
      ...(this.retentionDays && { retention_days: this.retentionDays })
    };
    return (await taken(api.POST('/runtime/start', { body: body as never }))).run_id;
  }

  #offer(words: string, before: Graph): void {
    notices.tell(words, { label: 'Undo', run: () => void (this.graph = before) });
  }
}

async function planned(directive: string, files: string[] | undefined): Promise<Graph> {
  const body = { directive, ...(files && { attached_files: files }) };
  return fromWorkflow(await taken(api.POST('/runtime/plan', { body })));
}

export const draft = new Draft();
