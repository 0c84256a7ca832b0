// A loopback peer in a language model's place: it answers every question with what it is told to.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Gemini {
  url = '';
  /** What it answers, as JSON. */
  answer: object = {};
  #server: Server | null = null;

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        const parts = [{ text: JSON.stringify(this.answer) }];
        const said = {
          candidates: [{ content: { role: 'model', parts }, index: 0, finishReason: 'STOP' }],
          usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5 }
        };
        const streamed = request.url?.includes(':streamGenerateContent');
        response.setHeader('content-type', streamed ? 'text/event-stream' : 'application/json');
        response.end(streamed ? `data: ${JSON.stringify(said)}\n\n` : JSON.stringify(said));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    return this;
  }

  async end(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}
