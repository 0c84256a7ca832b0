// The present moment for ages and countdowns: one timer for the whole page.
import { createSubscriber } from 'svelte/reactivity';
import { views } from './views.svelte';

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

  /** The moment that the page shows: that of the past when it is shown, else now. */
  get shown(): number {
    const time = views.past?.time;
    return time ? Date.parse(time) : this.now;
  }
}

export const clock = new Clock();
