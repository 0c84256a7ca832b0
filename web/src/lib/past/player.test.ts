import { describe, expect, it } from 'vitest';
import { LONGEST_MS, offsetsOf, Player, type Moment } from './player.svelte';

const moments = (...times: number[]): Moment[] =>
  times.map((time, n) => ({ seq: 10 + n, time, mark: null }));

function played(times: number[]) {
  const shown: number[] = [];
  const state = { busy: false };
  const player = new Player(
    moments(...times),
    (seq) => shown.push(seq),
    () => state.busy
  );
  return { player, shown, state };
}

describe('a run that is played again', () => {
  it('plays long pauses short, and never backwards', () => {
    expect(offsetsOf(moments(0, 100, 60_000, 60_050, 60_000))).toEqual([
      0,
      100,
      100 + LONGEST_MS,
      150 + LONGEST_MS,
      150 + LONGEST_MS
    ]);
  });

  it('shows each event at its time', () => {
    const { player, shown } = played([0, 100, 300]);
    player.go(0);
    player.play();
    for (let n = 0; n < 4; n++) player.tick(100);
    expect(shown).toEqual([10, 11, 12]);
    expect(player.playing).toBe(false);
  });

  it('is as much faster as asked, and passes over what came due together', () => {
    const { player, shown } = played([0, 100, 300, 6400]);
    player.go(0);
    player.speed = 4;
    player.play();
    player.tick(100);
    expect(shown).toEqual([10, 12]);
  });

  it('waits while the console is on its way', () => {
    const { player, shown, state } = played([0, 100, 200]);
    player.go(0);
    player.play();
    state.busy = true;
    player.tick(5_000);
    expect(shown).toEqual([10]);
    state.busy = false;
    player.tick(100);
    expect(shown).toEqual([10, 11]);
  });

  it('steps on and back, and stands still then', () => {
    const { player, shown } = played([0, 100, 200]);
    player.play();
    player.step(1);
    player.step(1);
    player.step(1);
    player.step(-1);
    expect(shown).toEqual([11, 12, 12, 11]);
    player.tick(5_000);
    expect(player.at).toBe(1);
  });

  it('begins anew after its end', () => {
    const { player, shown } = played([0, 100]);
    player.go(1);
    player.play();
    expect(shown).toEqual([11, 10]);
  });

  it('has nothing to play without events', () => {
    const { player, shown } = played([]);
    player.play();
    player.tick(1_000);
    expect(shown).toEqual([]);
  });
});
