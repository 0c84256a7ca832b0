// How the artifacts are looked at; kept while their rail is closed.
import { SvelteSet } from 'svelte/reactivity';
import { EVERYTHING, type Wanted } from './grouping';

export const shelf = $state<{ open: boolean; wanted: Wanted }>({
  open: true,
  wanted: { ...EVERYTHING }
});

/** Runs whose files are folded away. */
export const folded = new SvelteSet<string>();
