// Every screen in both themes and both widths: axe finds nothing, nothing sticks out, and a picture is kept to look at.
import type { Page } from '@playwright/test';
import { expect, opened, test as base } from './fixtures';
import { reads, SIZES } from './looks';
import { example, type Client } from './raro';
import type { Past } from './shared';

interface Screen {
  name: string;
  path: (run: string) => string;
  act?: (page: Page) => Promise<void>;
}

const file = (name: string, run = '') =>
  new URLSearchParams({ file: name, ...(run && { of: run }) }).toString();
const SCREENS: Screen[] = [
  { name: 'deck', path: () => '/#/' },
  {
    name: 'plan',
    path: () => '/#/',
    act: async (page) => {
      await page.getByRole('button', { name: /^Deep research/ }).click();
      await page.locator('.svelte-flow__node').first().click();
      await expect(page.getByLabel('Prompt')).toBeVisible();
    }
  },
  {
    name: 'bay',
    path: () => '/#/',
    act: async (page) => {
      await page.getByRole('button', { name: /^Dev studio/ }).click();
      await page.getByRole('button', { name: 'Patch bay' }).click();
    }
  },
  { name: 'runs', path: () => '/#/runs' },
  { name: 'run', path: (run) => `/#/runs/${run}` },
  { name: 'table', path: () => `/#/?${file('penguins.csv')}` },
  { name: 'report', path: (run) => `/#/runs/${run}?${file('penguins_csv/report.md', run)}` },
  { name: 'chart', path: (run) => `/#/runs/${run}?${file('penguins_csv/01_by_group.png', run)}` },
  { name: 'code', path: () => `/#/?${file('legacy_script.py')}` },
  { name: 'events', path: () => '/#/events' },
  {
    name: 'event',
    path: () => '/#/events?type=artifact_promoted',
    act: async (page) => {
      const list = page.getByRole('list', { name: 'Events, newest first' });
      await list.getByRole('button').first().click();
      await expect(page.getByText('Led to it')).toBeVisible();
    }
  },
  {
    name: 'analytics',
    path: () => '/#/analytics?report=most_used_agents',
    act: (page) => expect(page.getByRole('figure').getByRole('img')).toBeVisible()
  },
  {
    name: 'growth',
    path: () => '/#/analytics?report=growth',
    act: (page) => expect(page.getByRole('figure').getByRole('img')).toBeVisible()
  },
  {
    name: 'sql',
    path: () => `/#/sql?${new URLSearchParams({ q: 'SELECT * FROM artifacts ORDER BY path' })}`,
    act: (page) => expect(page.getByRole('columnheader', { name: /^path/ })).toBeVisible()
  },
  {
    name: 'sql-chart',
    path: () =>
      `/#/sql?${new URLSearchParams({ q: 'SELECT agent_id, count(*) AS files FROM artifacts GROUP BY ALL' })}`,
    act: async (page) => {
      await page.getByRole('button', { name: 'Chart', exact: true }).click();
      await expect(page.getByRole('figure').getByRole('img')).toBeVisible();
    }
  },
  {
    name: 'sql-error',
    path: () => `/#/sql?${new URLSearchParams({ q: 'SELECT nothing' })}`,
    act: (page) => expect(page.getByRole('alert')).toBeVisible()
  },
  { name: 'environment', path: () => '/#/', act: (page) => openSide(page, '[', 'Env / IO') },
  { name: 'system', path: () => '/#/', act: (page) => openSide(page, ']', 'System') },
  {
    name: 'proof',
    path: () => '/#/',
    act: async (page) => {
      await openSide(page, ']', 'System');
      await page.getByRole('button', { name: 'Verify the log' }).click();
      await expect(page.getByText(/events are what they were/)).toBeVisible();
      await page.getByRole('button', { name: 'Verify the log' }).scrollIntoViewIfNeeded();
    }
  },
  {
    name: 'save',
    path: (run) => `/#/runs/${run}?${file('penguins_csv/summary.csv', run)}`,
    act: (page) => page.getByRole('button', { name: 'Save to library' }).click()
  }
];

async function openSide(page: Page, key: string, button: string) {
  const narrow = (page.viewportSize()?.width ?? 0) < 700;
  if (narrow) await page.getByRole('button', { name: button }).click();
  else await page.keyboard.press(key);
  await expect(page.locator('.rail .panel')).toBeVisible();
}

async function furnished(client: Client): Promise<string> {
  for (const name of [
    'penguins.csv',
    'financials_Q4.csv',
    'legacy_script.py',
    'palmer_station.txt'
  ]) {
    await client.upload(name, example(name), name === 'penguins.csv');
  }
  const run = await client.run('Compare body mass by species and sex', [
    'penguins.csv',
    'financials_Q4.csv'
  ]);
  await client.run('Profile', ['nowhere.csv']);
  return run;
}

/** Screens are only looked at, so they share one past. */
const test = base.extend<{ past: Past }>({
  past: [
    async ({ shared }, use) => use(await shared.past('furnished', furnished)),
    { scope: 'test', timeout: 90_000 }
  ]
});

for (const { name, path, act } of SCREENS) {
  for (const viewport of SIZES) {
    test(`the screen ${name}, ${viewport.width} wide`, async ({ raro, past, browser }) => {
      const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
      const kept = { clientId: past.client.id, theme: 'archival', toured: true };
      const page = await opened(context, raro.url, kept, path(past.run));
      await act?.(page);
      await reads(page, name);
      await context.close();
    });
  }
}
