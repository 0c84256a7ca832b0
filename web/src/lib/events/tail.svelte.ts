// The events of one question, the newest first: pages towards the past, and what happens now.
import { api, taken } from '../api/client';
import type { EventRow } from '../api/rows';
import { queryOf, type Filters } from './filters';

const PAGE = 200;
const MOST_NEW = 1000;
/** More rows than this make room for new ones; a filter, or a file, finds what went. */
const MOST_KEPT = 20_000;

export class Tail {
  rows = $state.raw<EventRow[]>([]);
  error = $state('');
  /** Whether the first page is there. */
  known = $state(false);
  /** Whether the first event of all is there. */
  whole = $state(false);
  /** Rows came in front just now. */
  grew = $state(false);
  #busy = false;
  /** The event up to which everything is there. */
  #upTo = 0;
  /** The newest event that was told of; it may come while another page is fetched. */
  #toldOf = 0;
  #ended = false;

  constructor(private readonly filters: Filters) {}

  /** The newest page, whatever was there. */
  async load(): Promise<void> {
    await this.#alone(async () => {
      const { events, next } = await this.#page({ order: 'desc', limit: PAGE });
      this.#upTo = events[0]?.seq ?? 0;
      [this.rows, this.whole, this.grew, this.known] = [events, next === null, false, true];
    });
  }

  /** The page before the oldest row. */
  async older(): Promise<void> {
    const last = this.rows.at(-1)?.seq;
    if (this.whole || last === undefined || this.rows.length >= MOST_KEPT) return;
    await this.#alone(async () => {
      const { events, next } = await this.#page({ order: 'desc', limit: PAGE, before: last });
      this.grew = false;
      [this.rows, this.whole] = [[...this.rows, ...events], next === null];
    });
  }

  /** What happened since, up to an event that the stream has told of. */
  async newer(head: number): Promise<void> {
    if (!this.known || head <= this.#upTo) return;
    this.#toldOf = Math.max(this.#toldOf, head);
    await this.#alone(async () => {
      const { events, next } = await this.#page({
        order: 'asc',
        limit: MOST_NEW,
        after: this.#upTo
      });
      const last = events.at(-1)?.seq ?? 0;
      this.#upTo = next === null ? Math.max(head, last) : last;
      if (!events.length) return;
      this.grew = true;
      const rows = [...events.reverse(), ...this.rows];
      this.whole &&= rows.length <= MOST_KEPT;
      this.rows = rows.slice(0, MOST_KEPT);
    });
  }

  /** Nobody looks any more. */
  end(): void {
    this.#ended = true;
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    if (this.#busy || this.#ended) return;
    this.#busy = true;
    try {
      await work();
      this.error = '';
    } catch (error) {
      this.error = (error as Error).message;
    } finally {
      this.#busy = false;
    }
    if (!this.error && this.#toldOf > this.#upTo) await this.newer(this.#toldOf);
  }

  #page(more: { order: 'asc' | 'desc'; limit: number; after?: number; before?: number }) {
    return taken(
      api.GET('/audit/events', { params: { query: { ...queryOf(this.filters), ...more } } })
    );
  }
}
