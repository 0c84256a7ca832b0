import { another, expect, opened, openRail, test } from './fixtures';
import { Raro } from './raro';

test('the page survives a killed server, and shows what happened meanwhile', async ({
  context
}) => {
  const raro = await new Raro().start();
  try {
    const client = raro.client('survivor');
    await client.upload('before.txt', '1');
    const page = await opened(context, raro.url, {
      clientId: client.id,
      theme: 'archival',
      toured: true
    });
    await openRail(page);
    await expect(page.getByRole('button', { name: /^before.txt/ })).toBeVisible();
    await raro.kill();
    await expect(page.getByText('Reconnecting', { exact: true })).toBeVisible();
    await expect(page.getByRole('button', { name: /^before.txt/ })).toBeVisible();
    await page.getByRole('button', { name: /^before.txt/ }).click();
    await expect(page.getByText('RARO does not answer.')).toBeVisible();
    await raro.start();
    await client.upload('after.txt', '2');
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await expect(page.getByRole('button', { name: /^after.txt/ })).toBeVisible();
    await page.getByRole('button', { name: /^before.txt/ }).click();
    await expect(page.getByRole('button', { name: /^before.txt, linked/ })).toBeVisible();
  } finally {
    await raro.end();
  }
});

test('a run goes on where it was when the server is killed under it', async ({ context }) => {
  const raro = await new Raro().start();
  try {
    const client = raro.client('runner');
    const rows = Array.from({ length: 20_000 }, (_, i) => `${i},${i % 7},${(i * 37) % 101}`);
    await client.upload('numbers.csv', `id,group,value\n${rows.join('\n')}\n`);
    const { run_id } = await client.call('POST', '/runtime/start', {
      directive: 'Compare value by group',
      attached_files: ['numbers.csv']
    });
    const page = await opened(
      context,
      raro.url,
      { clientId: client.id, theme: 'archival', toured: true },
      `/#/runs/${run_id as string}`
    );
    await expect(page.getByRole('button', { name: /^analyze_numbers, running/ })).toBeVisible();
    await raro.kill();
    await raro.start();
    await expect(page.getByRole('button', { name: /^writer_report, finished/ })).toBeVisible({
      timeout: 60_000
    });
    await expect(page.getByText('Completed', { exact: true }).first()).toBeVisible();
  } finally {
    await raro.end();
  }
});

test('two tabs share one stream and show the same', async ({
  raro,
  client,
  console: page,
  context
}) => {
  const other = await context.newPage();
  await other.goto(raro.url);
  await openRail(page);
  await client.upload('shared.txt', '1');
  for (const tab of [page, other])
    await expect(tab.getByRole('button', { name: /^shared.txt, not/ })).toBeVisible();
  const metrics = await (await fetch(`${raro.url}/metrics`)).text();
  const open = Number(/raro_streams_open (\d+)/.exec(metrics)?.[1]);
  expect(open).toBeLessThanOrEqual(2); // one for this client, and one of a test that runs beside
  await other.getByRole('button', { name: /^shared.txt/ }).click();
  await expect(page.getByRole('button', { name: /^shared.txt, linked/ })).toBeVisible();
});

test('two clients never see each other’s files', async ({
  raro,
  client,
  console: page,
  browser
}) => {
  await client.upload('mine.txt', 'secret');
  await openRail(page);
  await expect(page.getByRole('button', { name: /^mine.txt/ })).toBeVisible();
  const stranger = await another(browser);
  const theirs = await opened(stranger, raro.url, {
    clientId: `${client.id}-x`.slice(-64),
    theme: 'archival',
    toured: true
  });
  await openRail(theirs);
  await expect(theirs.getByText('No files yet')).toBeVisible();
  await theirs.goto(`${raro.url}/#/?file=mine.txt`);
  await expect(theirs.getByText('mine.txt is not here')).toBeVisible();
  const answer = await theirs.request.get(`${raro.url}/runtime/library/files/mine.txt`);
  expect(answer.status()).toBe(404);
  await stranger.close();
});

test('another client id is another page, in every tab', async ({
  client,
  console: page,
  context,
  raro
}) => {
  await client.upload('mine.txt', '1');
  await openRail(page);
  await expect(page.getByRole('button', { name: /^mine.txt/ })).toBeVisible();
  const other = await context.newPage();
  await other.goto(raro.url);
  await expect(other.getByRole('button', { name: /^mine.txt/ })).toBeVisible();
  await page.keyboard.press(']');
  await page.getByRole('button', { name: 'Switch…' }).click();
  await page.getByLabel('Another client id').fill('no such/id');
  await expect(page.getByText('Use 1 to 64 letters')).toBeVisible();
  await page.getByLabel('Another client id').fill(`${client.id}-2`.slice(-64));
  await page.getByRole('button', { name: 'Switch', exact: true }).click();
  for (const tab of [page, other]) await expect(tab.getByText('No files yet')).toBeVisible();
});

test('Refresh takes everything anew', async ({ raro, console: page, client }) => {
  await client.upload('a.txt', '1');
  await openRail(page);
  const answered = async () => {
    const metrics = await (await fetch(`${raro.url}/metrics`)).text();
    return Number(/method="GET",status="2xx"} (\d+)/.exec(metrics)?.[1]);
  };
  const before = await answered();
  await page.getByRole('button', { name: 'Refresh' }).click();
  // One for asking, and one for the stream that began again.
  await expect.poll(async () => (await answered()) - before).toBeGreaterThanOrEqual(2);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: /^a.txt/ })).toBeVisible();
});
