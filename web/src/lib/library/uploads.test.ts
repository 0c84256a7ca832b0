import { describe, expect, it } from 'vitest';
import { callAs } from '../api/client';
import { Uploads, type End, type Send } from './uploads.svelte';

interface Sent {
  name: string;
  progress: (sent: number) => void;
  as: Record<string, string>;
  end: (end: End) => void;
}

function queue() {
  const sent: Sent[] = [];
  const stopped: string[] = [];
  const send: Send = (name, _file, as, progress, end) => {
    sent.push({ name, as, progress, end });
    return () => stopped.push(name);
  };
  return { uploads: new Uploads(send), sent, stopped };
}

const KEPT: End = { kept: { version: 1, created: true } };
const files = (...names: string[]) => names.map((name) => new File(['12345'], name));

describe('the upload queue', () => {
  it('sends three at once and the next when one is over', () => {
    const { uploads, sent } = queue();
    uploads.add(files('a', 'b', 'c', 'd'));
    expect(sent.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    sent[1]!.end(KEPT);
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
    sent[0]!.end({ error: 'too large' });
    expect(uploads.list[0]).toMatchObject({ state: 'failed', words: 'too large' });
    uploads.retry(uploads.list[0]!.id);
    expect(sent).toHaveLength(2);
    expect(uploads.list[0]).toMatchObject({ state: 'sending', words: '' });
  });

  it('breaks off what is cancelled and goes on with the others', () => {
    const { uploads, sent, stopped } = queue();
    uploads.add(files('a', 'b', 'c', 'd'));
    uploads.cancel(uploads.list[0]!.id);
    expect(stopped).toEqual(['a']);
    expect(uploads.list[0]!.state).toBe('cancelled');
    expect(sent.at(-1)!.name).toBe('d');
    sent[0]!.end({ error: 'aborted' });
    expect(uploads.list[0]).toMatchObject({ state: 'cancelled', words: '' });
  });

  it('never begins what is cancelled while it waits', () => {
    const { uploads, sent } = queue();
    uploads.add(files('a', 'b', 'c', 'd'));
    uploads.cancel(uploads.list[3]!.id);
    sent[0]!.end(KEPT);
    expect(sent).toHaveLength(3);
    uploads.retry(uploads.list[3]!.id);
    expect(sent.at(-1)!.name).toBe('d');
  });

  it('says what a file became', () => {
    const { uploads, sent } = queue();
    uploads.add(files('a', 'b', 'c'));
    sent[0]!.end(KEPT);
    sent[1]!.end({ kept: { version: 4, created: true } });
    sent[2]!.end({ kept: { version: 4, created: false } });
    expect(uploads.list.map(({ words }) => words)).toEqual([
      'kept',
      'now version 4',
      'nothing new in it'
    ]);
  });

  it('keeps to the client that gave the file', () => {
    const { uploads, sent } = queue();
    callAs('ada');
    uploads.add(files('a', 'b', 'c', 'd'));
    callAs('bob');
    sent[0]!.end(KEPT);
    expect(sent[3]!.as).toEqual({ 'X-RARO-CLIENT-ID': 'ada' });
    callAs('public');
  });

  it('knows whether something is under way or failed', () => {
    const { uploads, sent } = queue();
    expect(uploads.busy).toBe(false);
    uploads.add(files('a'));
    expect(uploads.busy).toBe(true);
    sent[0]!.end({ error: 'no' });
    expect([uploads.busy, uploads.failed]).toEqual([false, true]);
    uploads.dismiss(uploads.list[0]!.id);
    expect(uploads.list).toEqual([]);
  });
});
