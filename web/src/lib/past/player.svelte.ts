// A run played again from its events: a clock over their times, in which nobody waits long for nothing.

/** One event of the run: its sequence, its time in milliseconds, and what a mark on the line says of it. */
export interface Moment {
  seq: number;
  time: number;
  mark: 'turn' | 'file' | null;
}

export const SPEEDS = [1, 4, 16, 64] as const;
/** A pause between two events is played no longer than this, whatever it was. */
export const LONGEST_MS = 2_000;

/** When each event is played, in milliseconds from the first at speed 1. */
export function offsetsOf(moments: Pick<Moment, 'time'>[]): number[] {
  let at = 0;
  return moments.map(({ time }, n) => {
    const gap = n ? time - moments[n - 1]!.time : 0;
    return (at += Math.min(LONGEST_MS, Math.max(0, gap)));
  });
}

export class Player {
  playing = $state(false);
  speed = $state<number>(1);
  /** The event that is shown, by its place among the run's. */
  at = $state(0);
  readonly offsets: number[];
  #elapsed = 0;

  /** `show` brings the console to an event; `busy` says that it is still on its way to one. */
  constructor(
    readonly moments: Moment[],
    private readonly show: (seq: number) => void,
    private readonly busy: () => boolean
  ) {
    this.offsets = offsetsOf(moments);
  }

  get ended(): boolean {
    return this.at >= this.moments.length - 1;
  }

  /** Play on, from the beginning when the end was reached. */
  play(): void {
    if (this.ended) this.go(0);
    this.playing = true;
  }

  pause(): void {
    this.playing = false;
  }

  /** Be at a place that is shown already. */
  stand(place: number): void {
    this.at = Math.max(0, Math.min(this.moments.length - 1, place));
    this.#elapsed = this.offsets[this.at] ?? 0;
  }

  /** Show the event at a place; the clock goes on from there. */
  go(place: number): void {
    this.stand(place);
    const moment = this.moments[this.at];
    if (moment) this.show(moment.seq);
  }

  /** One event on or back, and stay there. */
  step(by: 1 | -1): void {
    this.pause();
    this.go(this.at + by);
  }

  /** So many milliseconds have passed. Events that came due meanwhile are passed over but for the last. */
  tick(ms: number): void {
    // Time stands still while the console is on its way: no event of a slow log is skipped for it alone.
    if (!this.playing || this.busy()) return;
    this.#elapsed += ms * this.speed;
    let due = this.at;
    while (due + 1 < this.offsets.length && this.offsets[due + 1]! <= this.#elapsed) due += 1;
    if (due !== this.at) {
      this.at = due;
      this.show(this.moments[due]!.seq);
    }
    if (this.ended) this.pause();
  }
}
