// The shared worker: one stream for all tabs of this browser that speak for the same client.
import { Feed } from './feed';
import type { Snapshot } from './frames';
import type { ToPage, ToWorker } from './port';

// TypeScript's own types for a shared worker exclude those of a page.
interface SharedScope {
  location: Location;
  onconnect: (event: MessageEvent & { ports: readonly MessagePort[] }) => void;
}
const scope = globalThis as unknown as SharedScope;
const pages = new Set<MessagePort>();
let feed: Feed | null = null;

function tellAll(message: ToPage): void {
  for (const page of pages) page.postMessage(message);
}

function join(page: MessagePort, clientId: string): void {
  if (!feed) {
    feed = new Feed(scope.location.origin, clientId, {
      frame: (frame) => tellAll({ say: 'frame', frame }),
      standing: (standing) => tellAll({ say: 'standing', standing })
    });
    void feed.run();
  }
  pages.add(page);
  for (const view of feed.known) {
    const data = {
      view,
      rows: [...feed.tables[view].values()],
      head: feed.standing.head
    } as Snapshot;
    page.postMessage({ say: 'frame', frame: { event: 'snapshot', data } } satisfies ToPage);
  }
  page.postMessage({ say: 'standing', standing: feed.standing } satisfies ToPage);
}

function leave(page: MessagePort): void {
  pages.delete(page);
  if (pages.size) return;
  feed?.end();
  feed = null;
}

scope.onconnect = ({ ports: [page] }) => {
  if (!page) return;
  page.onmessage = ({ data }: MessageEvent<ToWorker>) => {
    if (data.say === 'join') join(page, data.clientId);
    else if (data.say === 'leave') leave(page);
    else feed?.[data.say]();
  };
};
