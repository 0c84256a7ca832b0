// Where in the console one is, kept in the page's address.
import { hashOf, parsePlace, type FilePlace, type Place } from './place';

export { hashOf, type FilePlace, type Place };

export class Route {
  place = $state<Place>(parsePlace(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.place = parsePlace(location.hash)));
  }

  go(changes: Partial<Place>): void {
    location.hash = hashOf({ ...this.place, file: null, asked: {}, ...changes });
  }

  /** Ask the page for something else; what is undefined or empty is no longer asked. */
  ask(changes: Record<string, string | undefined>, how: 'go' | 'replace' = 'go'): void {
    const asked = Object.fromEntries(
      Object.entries({ ...this.place.asked, ...changes }).filter(([, value]) => value)
    ) as Record<string, string>;
    const hash = hashOf({ ...this.place, asked });
    if (how === 'go') location.hash = hash;
    else {
      // What is typed leaves no trail of half words to go back through.
      history.replaceState(null, '', hash);
      this.place = parsePlace(hash);
    }
  }

  /** Show a file over the page; null closes the viewer. */
  view(file: FilePlace | null): void {
    location.hash = hashOf({ ...this.place, file });
  }
}

export const route = new Route();
