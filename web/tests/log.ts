// What the tests of events, analytics and SQL share: a past to look at, and the way to it.
import type { Page } from '@playwright/test';
import { test as base, expect, opened } from './fixtures';
import { NOTES, type Client } from './raro';
import type { Past } from './shared';

/** Tests that only look share one past; `seasoned` is a tab of its client. */
export const test = base.extend<{ past: Past; seasoned: Page }>({
  past: [
    async ({ shared }, use) => use(await shared.past('seasoned', furnished)),
    { scope: 'test', timeout: 90_000 }
  ],
  seasoned: async ({ raro, past, context, theme, toured }, use) => {
    await use(await opened(context, raro.url, { clientId: past.client.id, theme, toured }));
  }
});

/** A run over a text: a log, artifacts and figures to look at. */
export async function furnished(client: Client): Promise<string> {
  await client.upload('notes.txt', NOTES);
  return client.run('Count the words', ['notes.txt']);
}

/** Another page of the console, in the tab that is open. */
export async function visit(page: Page, hash: string): Promise<void> {
  await page.goto(`${page.url().split('#')[0]}${hash}`);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
}

/** What a click downloads: its name and its text. */
export async function downloaded(
  page: Page,
  click: () => Promise<void>
): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  const pieces: Buffer[] = [];
  for await (const piece of await download.createReadStream()) pieces.push(piece as Buffer);
  return { name: download.suggestedFilename(), bytes: Buffer.concat(pieces) };
}

export { expect };
