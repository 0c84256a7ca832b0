// The comparison that is shown: asked for once for two runs; what was asked before is broken off.
import { api, Refused, taken } from '../api/client';
import type { RunsDifference } from '../api/rows';

/** So many rows of each kind are asked for at first, and so many when all of them are wanted: the most the API gives. */
const FIRST = 200;
export const MOST = 5000;

export class Comparison {
  found = $state.raw<RunsDifference | null>(null);
  error = $state.raw<Refused | null>(null);
  busy = $state(false);
  #asking: AbortController | null = null;

  /** Compare two runs as they are now. What is shown of the same two stays until the answer is there. */
  async look(a: string, b: string, limit = FIRST): Promise<void> {
    this.stop();
    const { signal } = (this.#asking = new AbortController());
    const [from, to] = [this.found?.from.run_id, this.found?.to.run_id];
    if (from !== a || to !== b) this.found = null;
    this.error = null;
    this.busy = true;
    try {
      const query = { from: a, to: b, limit };
      const found = await taken(api.GET('/audit/diff/runs', { params: { query }, signal }));
      if (!signal.aborted) this.found = found;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (!signal.aborted) this.error = error;
    }
    if (!signal.aborted) this.busy = false;
  }

  /** Break off what is on its way. */
  stop(): void {
    this.#asking?.abort();
    this.busy = false;
  }
}
