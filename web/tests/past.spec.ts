// The console in the past: what was then, marked and unchangeable, while now goes on behind it.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, opened, openRail, test } from './fixtures';
import { furnished, visit } from './log';
import { reads, SIZES } from './looks';
import type { Client, Raro } from './raro';

const bar = (page: Page) => page.getByRole('region', { name: 'The past', exact: true });
const slider = (page: Page) => bar(page).getByRole('slider', { name: 'Event of the log' });
const files = (page: Page) => page.getByRole('list', { name: 'Library files' });

/** Leave now by the key, and wait until the past is there. */
async function lookBack(page: Page): Promise<void> {
  await page.keyboard.press('t');
  await expect(bar(page).getByText(/The past: event/)).toBeVisible();
}

/** The last event of the log at this moment. */
async function head(client: Client): Promise<number> {
  const { head: last } = await client.call('GET', '/audit/replay?at=0&views=');
  return last as number;
}

async function goTo(page: Page, seq: number): Promise<void> {
  await slider(page).fill(String(seq));
  await expect(bar(page).getByText(`event ${seq.toLocaleString('en-US')}`)).toBeVisible();
}

/** What the server does with bytes that nothing refers to, once they are old enough. */
function erase(raro: Raro, sha256: string): void {
  const found = readdirSync(raro.storage, { recursive: true, encoding: 'utf8' });
  for (const path of found.filter((name) => name.endsWith(sha256)))
    rmSync(join(raro.storage, path));
}

test('the rails show what was then, and now at once on the way back', async ({
  console: page,
  client
}) => {
  await client.upload('first.txt', 'one');
  const then = await head(client);
  await client.upload('second.txt', 'two');
  await client.call('DELETE', '/runtime/library/files/first.txt');
  await openRail(page);
  await expect(files(page).getByText('second.txt')).toBeVisible();
  await lookBack(page);
  await expect(files(page).getByText('first.txt')).toHaveCount(0);
  await goTo(page, then);
  await expect(files(page).getByText('first.txt')).toBeVisible();
  await expect(files(page).getByText('second.txt')).toHaveCount(0);
  await expect(page.getByText(/As of event/)).toBeVisible();
  // What happens now is not shown, and is there on the way back.
  await client.upload('third.txt', 'three');
  await bar(page).getByRole('button', { name: 'One event forward' }).click();
  await expect(bar(page).getByText(`event ${(then + 1).toLocaleString('en-US')}`)).toBeVisible();
  await expect(files(page).getByText('third.txt')).toHaveCount(0);
  await bar(page).getByRole('button', { name: 'Back to now' }).click();
  await expect(bar(page)).toHaveCount(0);
  await expect(files(page).getByText('third.txt')).toBeVisible();
  await expect(files(page).getByText('first.txt')).toHaveCount(0);
});

test('nothing can be changed there, and it is said why', async ({ console: page, client }) => {
  const run = await furnished(client);
  await openRail(page);
  await lookBack(page);
  const upload = page.getByRole('button', { name: 'Upload' });
  await expect(upload).toBeDisabled();
  await expect(upload).toHaveAttribute('title', /past cannot be changed/);
  await expect(page.getByRole('button', { name: 'Clear old…' })).toBeDisabled();
  await page.getByRole('button', { name: 'Actions for notes.txt' }).click();
  const gone = page.getByRole('menuitem', { name: 'Delete' });
  await expect(gone).toHaveAttribute('aria-disabled', 'true');
  await expect(gone).toHaveAttribute('title', /past cannot be changed/);
  await page.keyboard.press('Escape');
  await expect(bar(page)).toBeVisible();
  await files(page)
    .getByRole('button', { name: /^notes\.txt, / })
    .press('Enter');
  await expect(page.getByRole('status').getByText(/past cannot be changed/)).toBeVisible();
  await visit(page, `#/runs/${run}`);
  await expect(page.getByRole('button', { name: 'Run again' })).toBeDisabled();
  const { files: rows } = (await client.call('GET', '/runtime/library')) as {
    files: { filename: string; linked: boolean }[];
  };
  expect(rows.find(({ filename }) => filename === 'notes.txt')?.linked).toBe(false);
});

test('a run’s page shows it as it was, and that it had not begun', async ({
  console: page,
  client
}) => {
  const before = await head(client);
  const run = await furnished(client);
  const { events } = (await client.call(
    'GET',
    `/audit/events?run_id=${run}&type=agent_finished`
  )) as { events: { seq: number }[] };
  await visit(page, `#/runs/${run}`);
  await lookBack(page);
  await goTo(page, events[0]!.seq);
  const facts = page.getByRole('main');
  await expect(facts.getByText('Running', { exact: true })).toBeVisible();
  await expect(
    page
      .getByRole('list', { name: 'Agents' })
      .getByRole('button', { name: /finished|waiting|next/ })
  ).not.toHaveCount(0);
  await goTo(page, before);
  await expect(page.getByText('The run had not begun then')).toBeVisible();
  await bar(page).getByLabel('Where a run began').selectOption({ index: 1 });
  await expect(facts.getByText('Running', { exact: true })).toBeVisible();
  await expect(page.getByText('Nothing was said yet')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(facts.getByText('Completed', { exact: true })).toBeVisible();
});

test('a time that is still to come is refused in words, and Escape leads back', async ({
  console: page,
  client
}) => {
  await client.upload('a.txt', 'a');
  await lookBack(page);
  await bar(page).getByLabel('Date and time').fill('2099-01-01T00:00:00');
  await bar(page).getByLabel('Date and time').press('Tab');
  await expect(bar(page).getByRole('alert')).toContainText('still to come');
  await slider(page).press('Home');
  await expect(bar(page).getByText('before everything')).toBeVisible();
  await expect(bar(page).getByRole('button', { name: 'One event back' })).toBeDisabled();
  await slider(page).press('Escape');
  await expect(bar(page)).toHaveCount(0);
});

test('bytes that are erased since are said to be', async ({ console: page, raro, client }) => {
  await client.upload('secret.txt', `something that nobody else holds, ${client.id}`);
  const then = await head(client);
  const { versions } = (await client.call('GET', '/runtime/library/files/secret.txt/versions')) as {
    versions: { sha256: string }[];
  };
  await client.call('DELETE', '/runtime/library/files/secret.txt');
  erase(raro, versions[0]!.sha256);
  await openRail(page);
  await lookBack(page);
  await goTo(page, then);
  await expect(files(page).getByText('bytes erased')).toBeVisible();
  await page.getByRole('button', { name: 'Actions for secret.txt' }).click();
  await page.getByRole('menuitem', { name: 'View' }).click();
  await expect(page.getByText('Its bytes are erased')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByText('Its bytes are erased')).toHaveCount(0);
  await expect(bar(page)).toBeVisible();
});

test('a run is played again from its events, at any speed, and step by step', async ({
  console: page,
  client
}) => {
  const run = await furnished(client);
  await visit(page, `#/runs/${run}`);
  await page.getByRole('button', { name: 'Replay' }).click();
  const player = bar(page).getByRole('group', { name: 'Play this run again' });
  await expect(player.getByRole('button', { name: 'Pause' })).toBeVisible();
  const main = page.getByRole('main');
  await expect(main.getByText('Running', { exact: true })).toBeVisible();
  await player.getByLabel('Speed').selectOption('64×');
  await expect(player.getByRole('button', { name: 'Play' })).toBeVisible({ timeout: 60_000 });
  await expect(main.getByText('Completed', { exact: true })).toBeVisible();
  await expect(player.getByRole('button', { name: 'Step on' })).toBeDisabled();
  await player.getByRole('button', { name: 'Step back' }).click();
  await expect(main.getByText('Running', { exact: true })).toBeVisible();
  await player.getByRole('slider', { name: 'Event of the run' }).press('Home');
  await expect(player.getByText(/^1 \//)).toBeVisible();
  await expect(page.getByText('Nothing was said yet')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(main.getByText('Completed', { exact: true })).toBeVisible();
});

for (const viewport of SIZES) {
  test(`the past can be read by everybody, ${viewport.width} wide`, async ({
    raro,
    client,
    browser
  }) => {
    const run = await furnished(client);
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    const kept = { clientId: client.id, theme: 'archival', toured: true };
    const page = await opened(context, raro.url, kept, `/#/runs/${run}`);
    await expect(page.getByRole('button', { name: /^analyze_notes/ })).toBeVisible();
    await lookBack(page);
    if (viewport.width < 700) await page.getByRole('button', { name: 'Env / IO' }).click();
    await expect(page.getByText(/As of event/)).toBeVisible();
    await reads(page, 'past');
    await expect(bar(page).getByRole('button', { name: 'Back to now' })).toBeInViewport();
    await context.close();
  });
}
