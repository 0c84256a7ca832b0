// Where in the console one is, kept in the page's address.
import { hashOf, parsePlace, type Place } from './place';

export { hashOf, type Place };

export class Route {
  place = $state<Place>(parsePlace(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.place = parsePlace(location.hash)));
  }

  go(changes: Partial<Place>): void {
    location.hash = hashOf({ ...this.place, file: null, ...changes });
  }

  /** Show a file over the page; null closes the viewer. */
  view(file: Place['file']): void {
    location.hash = hashOf({ ...this.place, file });
  }
}

export const route = new Route();
