// Two runs side by side: chosen in the history or from a run, told in words, as lines and as cells; a link leads back.
import type { Page } from '@playwright/test';
import { expect, opened, test as base } from './fixtures';
import { visit } from './log';
import { pictures, reads, SIZES } from './looks';
import type { Client } from './raro';
import { Scripted } from './shared';

const call = (name: string, args: object) => ({ name, args });
const writes = (path: string, content: string) => ({
  text: `I write ${path}.`,
  tool_calls: [call('write_file', { path, content })]
});
const SCRIPT = {
  agents: {
    writer_short: [
      writes('report.md', '# Costs\n\nTeam a has 1.\nThe rest has none.\n'),
      writes('costs.csv', 'team,cost\na,1\nb,2\n'),
      { text: 'Short it is.', final: true }
    ],
    writer_long: [
      writes('report.md', '# Costs\n\nTeam a has 3.\nThe rest has none.\n'),
      writes('costs.csv', 'team,cost\na,3\nb,2\nc,9\n'),
      writes('notes.md', 'One more thing.\n'),
      { text: 'Long it is.', final: true }
    ]
  }
};

const test = base.extend({
  raro: [
    async ({ shared }, use) =>
      use((await shared.own('compare', () => Scripted.start(SCRIPT))).raro),
    { scope: 'test', timeout: 60_000 }
  ]
});

const one = (id: string) => ({ agents: [{ id, prompt: 'go on' }] });

interface Two {
  first: string;
  second: string;
}

/** Two runs that were asked and given other things, and made other files. */
async function made(client: Client): Promise<Two> {
  await client.upload('raw.csv', 'team,cost\na,1\n');
  const first = await client.run('Tell it briefly', ['raw.csv'], one('writer_short'));
  await client.upload('raw.csv', 'team,cost\na,3\n');
  const second = await client.run('Tell all of it', ['raw.csv'], one('writer_long'));
  return { first, second };
}

const short = (run: string) => run.replace('run_', '').slice(0, 8);
const part = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const compared = (page: Page, { first, second }: Two) =>
  visit(page, `#/compare?${new URLSearchParams({ a: first, b: second })}`);

test('two runs of the history are chosen, the earlier is A', async ({ console: page, client }) => {
  const two = await made(client);
  await visit(page, '#/runs');
  await page.getByRole('button', { name: 'Compare two…' }).click();
  await page.getByRole('checkbox', { name: new RegExp(short(two.second)) }).check();
  await expect(page.getByText('Choose one more')).toBeVisible();
  await page.getByRole('checkbox', { name: new RegExp(short(two.first)) }).check();
  await page.getByRole('link', { name: 'Compare', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Compare two runs' })).toBeVisible();
  await expect.poll(() => page.url()).toContain(`a=${two.first}&b=${two.second}`);
  await expect(part(page, 'Files')).toContainText('notes.md');
});

test('a run is compared with another that is searched for, by keys', async ({
  console: page,
  client
}) => {
  const two = await made(client);
  await visit(page, `#/runs/${two.second}`);
  await page.getByRole('link', { name: 'Compare with…' }).click();
  await expect(page.getByRole('searchbox', { name: 'Search runs to compare with' })).toBeFocused();
  await page.keyboard.type('briefly');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.url()).toContain(`a=${two.second}&b=${two.first}`);
  await expect(part(page, 'What was asked')).toContainText('Tell it briefly');
  await page.getByRole('button', { name: 'Swap A and B' }).click();
  await expect.poll(() => page.url()).toContain(`a=${two.first}&b=${two.second}`);
});

test('what differs is told: asked, given, answered, made', async ({ console: page, client }) => {
  await compared(page, await made(client));
  await expect(part(page, 'What was asked')).toContainText('Tell all of it');
  await expect(part(page, 'Inputs')).toContainText('raw.csv');
  const files = part(page, 'Files');
  await files.getByRole('button', { name: 'Open all' }).click();
  const report = files.getByRole('table', { name: /report\.md/ });
  await expect(report.getByRole('row', { name: /only in A Team a has 1\./ })).toBeVisible();
  await expect(report.getByRole('row', { name: /only in B Team a has 3\./ })).toBeVisible();
  const cells = files.getByRole('table', { name: /costs\.csv/ });
  await expect(cells).toContainText('9');
  await expect(part(page, 'What was asked')).toContainText('writer_short');
  await expect(part(page, 'What came of it')).toContainText('Duration');
});

test('a link leads to the same comparison, and errors are said', async ({
  console: page,
  client
}) => {
  const two = await made(client);
  await compared(page, two);
  await expect(part(page, 'Files')).toBeVisible();
  await page.reload();
  await expect(part(page, 'Files')).toBeVisible();
  await compared(page, { ...two, second: 'run_nowhere' });
  await expect(page.getByRole('alert')).toContainText('run_nowhere');
});

for (const { width, height } of SIZES) {
  test(`it fits and reads well, ${width} wide`, async ({ raro, client, browser }) => {
    const two = await made(client);
    const viewport = { width, height: width > 700 ? 1100 : height };
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    const kept = { clientId: client.id, theme: 'archival', toured: true };
    const page = await opened(context, raro.url, kept);
    await compared(page, two);
    await part(page, 'Files').getByRole('button', { name: 'Open all' }).click();
    await expect(page.getByRole('table', { name: /costs\.csv/ })).toBeVisible();
    await reads(page, 'compare');
    await part(page, 'Files').scrollIntoViewIfNeeded();
    await pictures(page, 'compare-files');
    await context.close();
  });
}
