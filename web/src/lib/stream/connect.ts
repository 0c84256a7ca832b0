// A page's end of the stream: through the shared worker, or by itself where a browser has none.
import { Feed, type Listener } from './feed';
import type { ToPage, ToWorker } from './port';

export interface Connection {
  refresh(): void;
  retry(): void;
  leave(): void;
}

export function connect(clientId: string, listener: Listener): Connection {
  return typeof SharedWorker === 'undefined'
    ? alone(clientId, listener)
    : shared(clientId, listener);
}

function shared(clientId: string, listener: Listener): Connection {
  const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
    name: `raro stream of ${clientId}`
  });
  const say = (message: ToWorker) => worker.port.postMessage(message);
  worker.port.onmessage = ({ data }: MessageEvent<ToPage>) => {
    if (data.say === 'frame') listener.frame(data.frame);
    else listener.standing(data.standing);
  };
  say({ say: 'join', clientId });
  return {
    refresh: () => say({ say: 'refresh' }),
    retry: () => say({ say: 'retry' }),
    leave: () => say({ say: 'leave' })
  };
}

function alone(clientId: string, listener: Listener): Connection {
  const feed = new Feed(location.origin, clientId, listener);
  void feed.run();
  return { refresh: () => feed.refresh(), retry: () => feed.retry(), leave: () => feed.end() };
}
