import { describe, expect, it } from 'vitest';
import { Uploads, type Send } from './uploads.svelte';

interface Sent {
  name: string;
  progress: (sent: number) => void;
  end: (error: string | null) => void;
}

function queue() {
  const sent: Sent[] = [];
  const stopped: string[] = [];
  const send: Send = (name, _file, progress, end) => {
    sent.push({ name, progress, end });
    return () => stopped.push(name);
  };
  return { uploads: new Uploads(send), sent, stopped };
}

const files = (...names: string[]) => names.map((name) => new File(['12345'], name));

describe('the upload queue', () => {
  it('sends three at once and the next when one is over', () => {
    const { uploads, sent } = queue();
    uploads.add(files('a', 'b', 'c', 'd'));
    expect(sent.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    sent[1]!.end(null);
    expect(sent.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('tells how far a file is', () => {
    const { uploads, sent } = queue();
    uploads.add(files('a'));
    sent[0]!.progress(3);
    expect(uploads.list[0]).toMatchObject({ sent_bytes: 3, size_bytes: 5, state: 'sending' });
  });

  it('keeps a failed file with its reason, and tries it again', () => {
    const { uploads, sent } = queue();
    uploads.add(files('a'));
    sent[0]!.end('too large');
    expect(uploads.list[0]).toMatchObject({ state: 'failed', error: 'too large' });
    uploads.retry(uploads.list[0]!.id);
    expect(sent).toHaveLength(2);
    expect(uploads.list[0]).toMatchObject({ state: 'sending', error: '' });
  });

  it('breaks off what is cancelled and goes on with the others', () => {
    const { uploads, sent, stopped } = queue();
    uploads.add(files('a', 'b', 'c', 'd'));
    uploads.cancel(uploads.list[0]!.id);
    expect(stopped).toEqual(['a']);
    expect(uploads.list[0]!.state).toBe('cancelled');
    expect(sent.at(-1)!.name).toBe('d');
  });
});
