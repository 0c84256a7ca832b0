// Which rails are open, and why: pinned stays, pointed at or focused passes, held is open until told.
import { MediaQuery } from 'svelte/reactivity';
import { session } from './session.svelte';

export type Side = 'left' | 'right';

// There a rail is a sheet over the whole page, which cannot stay.
const narrow = new MediaQuery('max-width: 700px');

class Rails {
  /** Open for the moment: hover, focus or a key. */
  held = $state<Record<Side, boolean>>({ left: false, right: false });

  pinned(side: Side): boolean {
    return side === 'left' ? session.settings.pinnedLeft : session.settings.pinnedRight;
  }

  open(side: Side): boolean {
    return this.held[side] || (this.pinned(side) && !narrow.current);
  }

  /** One at a time: what is pinned stays beside it. */
  hold(side: Side): void {
    this.held = { left: side === 'left', right: side === 'right' };
  }

  letGo(side: Side): void {
    this.held[side] = false;
  }

  toggle(side: Side): void {
    if (this.held[side]) this.letGo(side);
    else this.hold(side);
  }

  pin(side: Side): void {
    const pinned = !this.pinned(side);
    session.change(side === 'left' ? { pinnedLeft: pinned } : { pinnedRight: pinned });
    this.held[side] = pinned || this.held[side];
  }
}

export const rails = new Rails();
