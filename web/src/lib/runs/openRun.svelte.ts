// One run as its page shows it: the state and the transcript, fetched again whenever the log moved on for it.
import { api, Refused, taken } from '../api/client';
import type { RunState } from '../api/rows';
import { nothingTold, tell, type Told } from '../output/transcript';
import type { Activity } from '../stream/frames';

const PAGE = 500;
const LIVE_KEPT = 8_000;

export class OpenRun {
  state = $state.raw<RunState | null>(null);
  told = $state.raw<Told>(nothingTold());
  error = $state.raw<Refused | null>(null);
  /** What running agents print this moment, by agent; gone once the call returned. */
  live = $state<Record<string, string>>({});
  #fetching = false;
  #again = false;

  constructor(readonly runId: string) {}

  /** Bring everything up to date; calls that come meanwhile are joined into one more. */
  async look(): Promise<void> {
    if (this.#fetching) {
      this.#again = true;
      return;
    }
    this.#fetching = true;
    try {
      do {
        this.#again = false;
        await this.#fetch();
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

  async #fetch(): Promise<void> {
    const run_id = this.runId;
    this.state = await taken(api.GET('/runtime/state', { params: { query: { run_id } } }));
    for (;;) {
      const query = { run_id, after: this.told.seq, limit: PAGE };
      const page = await taken(api.GET('/audit/events', { params: { query } }));
      this.told = tell(this.told, page.events);
      if (!page.next) return;
    }
  }
}
