import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Refused } from '../api/client';
import type { Past } from '../state/views.svelte';
import { Journey } from './journey.svelte';

const pastOf = (seq: number): Past => ({
  seq,
  time: '2026-11-20T12:00:00.000Z',
  tables: { library: new Map(), artifacts: new Map(), runs: new Map() }
});

/** A log that answers when it is told to. */
function slowLog() {
  const asked: { point: string; answer: () => void; fail: (error: Error) => void }[] = [];
  const broken: string[] = [];
  const shown: number[] = [];
  const journey = new Journey(
    (point, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => broken.push(point));
        asked.push({
          point,
          answer: () => resolve({ past: pastOf(Number(point)), head: 99 }),
          fail: reject
        });
      }),
    ({ seq }) => shown.push(seq)
  );
  return { journey, asked, broken, shown };
}

describe('a journey into the past', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('asks once for the last of many points that come quickly', async () => {
    const { journey, asked, shown } = slowLog();
    for (const point of ['1', '2', '3']) journey.go(point, 150);
    expect(journey.underway).toBe('3');
    await vi.advanceTimersByTimeAsync(150);
    expect(asked.map(({ point }) => point)).toEqual(['3']);
    asked[0]!.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect([shown, journey.underway, journey.head]).toEqual([[3], '', 99]);
  });

  it('breaks off what is no longer wanted, and never shows it', async () => {
    const { journey, asked, broken, shown } = slowLog();
    journey.go('1');
    await vi.advanceTimersByTimeAsync(0);
    journey.go('2');
    await vi.advanceTimersByTimeAsync(0);
    asked[0]!.answer();
    asked[1]!.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect([broken, shown]).toEqual([['1'], [2]]);
  });

  it('asks again while the server prepares the past, and tells how far it is', async () => {
    const { journey, asked, shown } = slowLog();
    journey.go('7');
    for (const prepared of [10_000, 20_000]) {
      await vi.advanceTimersByTimeAsync(500);
      asked.at(-1)!.fail(new Refused(503, 'replay_preparing', 'wait', { prepared }));
      await vi.advanceTimersByTimeAsync(0);
      expect([journey.prepared, journey.underway, journey.error]).toEqual([prepared, '7', '']);
    }
    await vi.advanceTimersByTimeAsync(500);
    asked.at(-1)!.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect([asked.length, shown, journey.prepared, journey.underway]).toEqual([3, [7], null, '']);
  });

  it('does not ask again for a point that was left', async () => {
    const { journey, asked } = slowLog();
    journey.go('7');
    await vi.advanceTimersByTimeAsync(0);
    asked[0]!.fail(new Refused(503, 'replay_preparing', 'wait', { prepared: 1 }));
    await vi.advanceTimersByTimeAsync(0);
    journey.stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect([asked.length, journey.prepared, journey.underway]).toEqual([1, null, '']);
  });

  it('says why a point cannot be shown, until another is asked for', async () => {
    const { journey, asked, shown } = slowLog();
    journey.go('7');
    await vi.advanceTimersByTimeAsync(0);
    asked[0]!.fail(new Error('7 is still to come'));
    await vi.advanceTimersByTimeAsync(0);
    expect([journey.error, journey.underway, shown]).toEqual(['7 is still to come', '', []]);
    journey.go('3');
    expect(journey.error).toBe('');
  });

  it('shows nothing any more once it is over', async () => {
    const { journey, asked, shown } = slowLog();
    journey.go('4');
    await vi.advanceTimersByTimeAsync(0);
    journey.stop();
    asked[0]!.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toEqual([]);
  });
});
