// A link to what the page shows, for others.
import { attempt } from '../state/notices.svelte';

/** Put the page's address on the clipboard, and say so; `what` is what it leads to. */
export function copyLink(what: string): Promise<boolean> {
  return attempt(async () => {
    if (!navigator.clipboard)
      throw new Error('This browser keeps the clipboard to https pages: take the address above.');
    await navigator.clipboard.writeText(location.href);
  }, `The link to ${what} is copied.`);
}
