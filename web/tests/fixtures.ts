// What every test stands on: a RARO that others of its worker use too, a client id of the test's own, a page that
// speaks for it.
import {
  test as base,
  expect,
  type Browser,
  type BrowserContext,
  type Locator,
  type Page
} from '@playwright/test';
import type { Client, Raro } from './raro';
import { Shared } from './shared';

export interface Options {
  theme: 'archival' | 'phosphor';
  /** Whether the first visit's words are done with. */
  toured: boolean;
}

interface Fixtures extends Options {
  raro: Raro;
  client: Client;
  console: Page;
  rail: Locator;
}

export const test = base.extend<Fixtures, { shared: Shared }>({
  theme: ['archival', { option: true }],
  toured: [true, { option: true }],
  shared: [
    async ({}, use) => {
      const shared = new Shared();
      await use(shared);
      await shared.end();
    },
    { scope: 'worker', timeout: 60_000 }
  ],
  raro: [async ({ shared }, use) => use(await shared.raro()), { scope: 'test', timeout: 60_000 }],
  client: async ({ raro }, use, info) => {
    await use(raro.client(`t_${info.testId}`.slice(0, 64)));
  },
  console: async ({ raro, client, context, theme, toured }, use) => {
    await use(await opened(context, raro.url, { clientId: client.id, theme, toured }));
  },
  rail: async ({ console: page }, use) => {
    await use(page.getByRole('complementary', { name: 'Environment' }));
  }
});

/** A tab of the console that is live, speaking for a client. Whatever breaks in the page fails the test. */
export async function opened(
  context: BrowserContext,
  url: string,
  settings: object,
  path = '/'
): Promise<Page> {
  await context.addInitScript((kept) => {
    // Frames of artifacts have no storage, and need none.
    if (
      location.protocol === 'http:' &&
      window === window.top &&
      !localStorage.getItem('raro.settings')
    ) {
      localStorage.setItem('raro.settings', kept);
    }
  }, JSON.stringify(settings));
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(url + path);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  return page;
}

/** A browser of another person. */
export const another = (browser: Browser): Promise<BrowserContext> => browser.newContext();

/** Open the Environment Rail by its key, and leave it open. */
export async function openRail(page: Page): Promise<void> {
  await page.keyboard.press('[');
  await page.getByRole('button', { name: 'Pin Environment open' }).click();
}

/** Choose an action of a row's menu. */
export async function choose(page: Page, menu: string, action: string): Promise<void> {
  await page.getByRole('button', { name: menu, exact: true }).click();
  await page.getByRole('menuitem', { name: action }).click();
}

export { expect };
