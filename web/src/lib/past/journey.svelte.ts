// From one point of the past to another: only the last one that was asked for counts.
import { Refused } from '../api/client';
import type { Past } from '../state/views.svelte';

/** Between two questions of which the server answered that it still prepares the past. It waits a while itself. */
const AGAIN_MS = 500;

/** Asks for a point: an event's sequence or a time; throws when it cannot be had, or the signal breaks it off. */
export type Ask = (point: string, signal: AbortSignal) => Promise<{ past: Past; head: number }>;

export class Journey {
  /** The point that is on its way; empty when there is none. */
  underway = $state('');
  /** A long log is gone through before its past can be shown: the event up to which that is done; null: it is not needed. */
  prepared = $state<number | null>(null);
  /** Why the last point cannot be shown. */
  error = $state('');
  /** The log's last event when it was last asked. */
  head = $state(0);
  #asking: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ask: Ask,
    private readonly show: (past: Past) => void
  ) {}

  /** Go there, once no other point was asked for during `wait_ms`. What was asked for before is broken off. */
  go(point: string, wait_ms = 0): void {
    this.stop();
    this.underway = point;
    this.error = '';
    this.#timer = setTimeout(() => void this.#fetch(point), wait_ms);
  }

  /** Break off what is on its way. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.underway = '';
    this.prepared = null;
  }

  async #fetch(point: string): Promise<void> {
    const { signal } = (this.#asking = new AbortController());
    try {
      const { past, head } = await this.ask(point, signal);
      if (signal.aborted) return;
      this.head = head;
      this.show(past);
    } catch (error) {
      if (signal.aborted) return;
      this.prepared = preparedOf(error);
      if (this.prepared !== null) {
        this.#timer = setTimeout(() => void this.#fetch(point), AGAIN_MS);
        return;
      }
      this.error = (error as Error).message;
    }
    this.underway = '';
    this.prepared = null;
  }
}

/** How far the past is prepared, when the answer is that it is not far enough yet; null of any other. */
function preparedOf(error: unknown): number | null {
  const told =
    error instanceof Refused && error.code === 'replay_preparing' ? error.problem.prepared : null;
  return typeof told === 'number' ? told : null;
}
