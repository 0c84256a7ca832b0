// The tour of five stops: where it is, and what each stop points at.
import { rails } from '../state/rails.svelte';
import { route } from '../state/route.svelte';
import { session } from '../state/session.svelte';

export interface Stop {
  /** What is pointed at; where it is not there the words stand alone. */
  target: string;
  title: string;
  words: string;
  arrive?: () => void;
}

const close = () => {
  rails.letGo('left');
  rails.letGo('right');
};

export const STOPS: Stop[] = [
  {
    target: '.rail.left',
    title: 'Environment',
    words:
      'Your files are on top, what agents made below. Click a file to link it: linked files go to the next run.',
    arrive: () => rails.hold('left')
  },
  {
    target: '#directive',
    title: 'Control Deck',
    words: 'Say what you want. PLAN shows the agents before anything runs, EXEC starts at once.',
    arrive: () => {
      close();
      route.go({ page: 'deck', runId: null });
    }
  },
  {
    target: 'nav a[href="#/runs"]',
    title: 'Runs',
    words:
      'Every run is kept: its graph, what each agent said and did, what it was given and made.',
    arrive: close
  },
  {
    target: '.connection',
    title: 'Live',
    words:
      'All of it is live. The light tells whether what you see is current, and the number is the newest event.',
    arrive: close
  },
  {
    target: '.rail.right',
    title: 'System',
    words:
      'Theme, retention, your client id, and every key of the keyboard. The tour starts again from here.',
    arrive: () => rails.hold('right')
  }
];

class Tour {
  /** The stop one is at; null: no tour. */
  at = $state<number | null>(null);

  get stop(): Stop | null {
    return this.at === null ? null : STOPS[this.at]!;
  }

  start(): void {
    this.go(0);
  }

  next(): void {
    if (this.at === null || this.at + 1 >= STOPS.length) this.leave();
    else this.go(this.at + 1);
  }

  back(): void {
    if (this.at) this.go(this.at - 1);
  }

  leave(): void {
    this.at = null;
    close();
    session.change({ toured: true });
  }

  private go(at: number): void {
    this.at = at;
    STOPS[at]!.arrive?.();
  }
}

export const tour = new Tour();
