// The present moment for ages and countdowns: one timer for the whole page.
import { createSubscriber } from 'svelte/reactivity';

const TICK_MS = 1_000;

class Clock {
  #watch = createSubscriber((update) => {
    const timer = setInterval(update, TICK_MS);
    return () => clearInterval(timer);
  });

  /** Milliseconds since 1970; read in a component it stays current. */
  get now(): number {
    this.#watch();
    return Date.now();
  }
}

export const clock = new Clock();
