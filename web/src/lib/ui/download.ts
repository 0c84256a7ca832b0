// Downloads by the browser itself: a refusal shows among its downloads and does not leave the page.
import { at } from '../api/client';

/** Save what is at an address, one of `at`'s. */
export function download(address: string): void {
  const link = document.createElement('a');
  link.href = at.download(address);
  link.download = '';
  link.click();
}
