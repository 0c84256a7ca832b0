// One run as its page shows it: the state and the transcript, fetched again whenever the log moved on for it.
import { api, Refused, taken } from '../api/client';
import type { RunState } from '../api/rows';
import { nothingTold, tell, type Told } from '../output/transcript';
import type { Activity } from '../stream/frames';

const PAGE = 500;
const LIVE_KEPT = 8_000;

/** The run's state now, or after event `at`. */
async function stateOf(run_id: string, at: number | null): Promise<RunState> {
  if (at === null) return taken(api.GET('/runtime/state', { params: { query: { run_id } } }));
  const query = { run_id, at: String(at), views: '' };
  const { state } = await taken(api.GET('/audit/replay', { params: { query } }));
  return state!;
}

export class OpenRun {
  state = $state.raw<RunState | null>(null);
  told = $state.raw<Told>(nothingTold());
  error = $state.raw<Refused | null>(null);
  /** What running agents print this moment, by agent; gone once the call returned. */
  live = $state<Record<string, string>>({});
  #fetching = false;
  #again = false;
  #wanted: number | null = null;

  constructor(readonly runId: string) {}

  /** Bring everything up to date, or to how it was after event `at`; calls that come meanwhile are joined into one more. */
  async look(at: number | null = null): Promise<void> {
    this.#wanted = at;
    if (this.#fetching) {
      this.#again = true;
      return;
    }
    this.#fetching = true;
    try {
      do {
        this.#again = false;
        await this.#fetch(this.#wanted);
      } while (this.#again);
      this.error = null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.error = error;
    } finally {
      this.#fetching = false;
    }
  }

  /** Take in what an agent does this moment. */
  hear({ run_id, agent_id, status, text }: Activity): void {
    if (run_id !== this.runId) return;
    if (status === 'output' || status === 'saying')
      this.live[agent_id] = ((this.live[agent_id] ?? '') + (text ?? '')).slice(-LIVE_KEPT);
    else if (status === 'returned' || status === 'thinking') delete this.live[agent_id];
  }

  async #fetch(at: number | null): Promise<void> {
    const run_id = this.runId;
    this.state = await stateOf(run_id, at);
    // What was told after that point is not known there.
    let told = at !== null && this.told.seq > at ? nothingTold() : this.told;
    for (let more = true; more;) {
      const before = at === null ? {} : { before: at + 1 };
      const query = { run_id, after: told.seq, limit: PAGE, ...before };
      const page = await taken(api.GET('/audit/events', { params: { query } }));
      this.told = told = tell(told, page.events);
      more = page.next !== null;
    }
  }
}
