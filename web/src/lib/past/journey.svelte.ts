// From one point of the past to another: only the last one that was asked for counts.
import type { Past } from '../state/views.svelte';

/** Asks for a point: an event's sequence or a time; throws when it cannot be had, or the signal breaks it off. */
export type Ask = (point: string, signal: AbortSignal) => Promise<{ past: Past; head: number }>;

export class Journey {
  /** The point that is on its way; empty when there is none. */
  underway = $state('');
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
  }

  async #fetch(point: string): Promise<void> {
    const asking = (this.#asking = new AbortController());
    try {
      const { past, head } = await this.ask(point, asking.signal);
      if (asking.signal.aborted) return;
      this.head = head;
      this.show(past);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.error = (error as Error).message;
    }
    this.underway = '';
  }
}
