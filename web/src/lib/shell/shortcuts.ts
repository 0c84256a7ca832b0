// Keys that work anywhere outside of a text field. Shown in the Settings Rail.
import { rails } from '../state/rails.svelte';
import { route } from '../state/route.svelte';
import { link } from '../state/link.svelte';
import { travel } from '../state/travel.svelte';

export interface Shortcut {
  key: string;
  words: string;
  run: () => void;
}

function focusIn(selector: string): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus());
}

export const SHORTCUTS: Shortcut[] = [
  {
    key: '[',
    words: 'Open or close the Environment Rail',
    run: () => {
      rails.toggle('left');
      if (rails.open('left')) focusIn('aside.left .panel button, aside.left .panel input');
    }
  },
  {
    key: ']',
    words: 'Open or close the Settings Rail',
    run: () => {
      rails.toggle('right');
      if (rails.open('right')) focusIn('aside.right .panel button, aside.right .panel input');
    }
  },
  { key: 'd', words: 'Control Deck', run: () => route.go({ page: 'deck', runId: null }) },
  { key: 'h', words: 'Runs, the history', run: () => route.go({ page: 'runs', runId: null }) },
  { key: 'p', words: 'Rules, the policy', run: () => route.go({ page: 'rules', runId: null }) },
  { key: 'e', words: 'Events', run: () => route.go({ page: 'events', runId: null }) },
  { key: 'a', words: 'Analytics', run: () => route.go({ page: 'analytics', runId: null }) },
  { key: 's', words: 'SQL', run: () => route.go({ page: 'sql', runId: null }) },
  { key: 't', words: 'Look at the past, or back to now', run: () => travel.toggle() },
  { key: 'r', words: 'Refresh everything', run: () => link.refresh() },
  {
    key: 'n',
    words: 'Write a directive',
    run: () => (route.go({ page: 'deck', runId: null }), focusIn('#directive'))
  }
];

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function shortcuts(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const found = SHORTCUTS.find(({ key }) => key === event.key);
  if (!found) return;
  event.preventDefault();
  found.run();
}
