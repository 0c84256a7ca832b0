// The feed against a real server that speaks server-sent events, and misbehaves.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Feed, type Standing } from './feed';
import type { Frame } from './frames';

let server: Server | undefined;
let feed: Feed | undefined;

afterEach(() => {
  feed?.end();
  server?.closeAllConnections();
  server?.close();
});

type Answer = (request: IncomingMessage, response: ServerResponse, ask: number) => void;

async function fed(answer: Answer) {
  let asked = 0;
  const requests: IncomingMessage[] = [];
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response, ++asked);
  });
  await new Promise<void>((ready) => server!.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const frames: Frame[] = [];
  const standings: Standing[] = [];
  feed = new Feed(`http://127.0.0.1:${port}`, 'ada', {
    frame: (frame) => frames.push(frame),
    standing: (standing) => standings.push(standing)
  });
  void feed.run();
  return { frames, standings, requests };
}

const stream = (response: ServerResponse) =>
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
const send = (response: ServerResponse, event: string, data: object, id?: string) =>
  response.write(
    `${id ? `id: ${id}\r\n` : ''}event: ${event}\r\ndata: ${JSON.stringify(data)}\r\n\r\n`
  );
const row = { filename: 'a.csv', seq: 3 };

describe('the feed', () => {
  it('names its client, takes rows and is live from the first round’s end on', async () => {
    const { frames, standings, requests } = await fed((_, response) => {
      stream(response);
      send(response, 'hello', { cursor: null, head: 3 });
      send(response, 'snapshot', { view: 'library', rows: [row], head: 3 });
      send(response, 'beat', { head: 3 }, 'log:3');
    });
    await vi.waitFor(() => expect(standings.at(-1)).toMatchObject({ status: 'live', head: 3 }));
    expect(requests[0]!.headers['x-raro-client-id']).toBe('ada');
    expect(frames.map(({ event }) => event)).toEqual(['hello', 'snapshot', 'beat']);
    expect([...feed!.tables.library.keys()]).toEqual(['a.csv']);
    expect(standings.slice(0, -1).every(({ status }) => status === 'connecting')).toBe(true);
  });

  it('connects again from the last round it took whole', async () => {
    const { standings, requests } = await fed((_, response, ask) => {
      stream(response);
      send(response, 'beat', { head: 3 }, 'log:3');
      if (ask > 1) return;
      // A round that breaks off before its end has no id.
      send(response, 'patch', { view: 'library', upserts: [row], removes: [], head: 4 });
      setTimeout(() => response.destroy(), 30);
    });
    await vi.waitFor(() => expect(requests).toHaveLength(2), { timeout: 5000 });
    expect(new URL(requests[1]!.url!, 'http://x').searchParams.get('after')).toBe('log:3');
    expect(standings.some(({ status, reason }) => status === 'reconnecting' && reason !== '')).toBe(
      true
    );
    await vi.waitFor(() => expect(standings.at(-1)!.status).toBe('live'));
  });

  it.each(['resync', 'problem'])('begins anew after %s', async (event) => {
    const { requests } = await fed((_, response, ask) => {
      stream(response);
      send(response, 'beat', { head: 1 }, 'log:1');
      if (ask === 1)
        send(response, event, { reason: 'behind', detail: 'behind', status: 503, code: 'x' });
    });
    await vi.waitFor(() => expect(requests).toHaveLength(2), { timeout: 5000 });
  });

  it('tries again when the server refuses, and says why', async () => {
    const { standings, requests } = await fed((_, response) => response.writeHead(503).end());
    await vi.waitFor(() => expect(requests.length).toBeGreaterThan(1), { timeout: 5000 });
    expect(standings.at(-1)).toMatchObject({ status: 'connecting', reason: 'RARO answered 503' });
  });

  it('asks for everything when it is refreshed', async () => {
    const { requests, standings } = await fed((_, response) => {
      stream(response);
      send(response, 'beat', { head: 1 }, 'log:1');
    });
    await vi.waitFor(() => expect(standings.at(-1)?.status).toBe('live'));
    feed!.refresh();
    await vi.waitFor(() => expect(requests).toHaveLength(2), { timeout: 5000 });
    expect(requests[1]!.url).not.toContain('after=');
  });
});
