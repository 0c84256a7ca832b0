// Where the focus goes when what had it goes.

export const PAGE_TITLE = 'rules-title';

/** Lead to the page's title, without moving the page, when nothing has the focus any more. */
export function leave(): void {
  if (document.activeElement === document.body)
    document.getElementById(PAGE_TITLE)?.focus({ preventScroll: true });
}
