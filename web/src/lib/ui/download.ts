// Downloads by the browser itself: a refusal shows among its downloads and does not leave the page.
import { at } from '../api/client';

/** Save what is at an address, one of `at`'s. */
export function download(address: string): void {
  const link = document.createElement('a');
  link.href = at.download(address);
  link.download = '';
  link.click();
}

/** Save bytes that the page has already. */
export function save(bytes: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
