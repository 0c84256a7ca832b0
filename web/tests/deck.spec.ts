import { expect, test } from './fixtures';
import { example } from './raro';

test.beforeEach(async ({ client }) => {
  await client.upload('penguins.csv', example('penguins.csv'), true);
});

test('EXEC starts a run on the linked files and shows it live', async ({
  console: page,
  client
}) => {
  await client.upload('other.txt', 'not given');
  await page
    .getByRole('textbox', { name: 'Directive', exact: true })
    .fill('Compare body mass by species');
  await page.keyboard.press('Control+Enter');
  await expect(page).toHaveURL(/#\/runs\/run_/);
  const pipeline = page.getByRole('region', { name: 'Pipeline' });
  await expect(pipeline.getByRole('button', { name: /^analyze_penguins, finished/ })).toBeVisible({
    timeout: 40_000
  });
  await expect(pipeline.getByRole('button', { name: /^writer_report, finished/ })).toBeVisible({
    timeout: 40_000
  });
  const facts = page.getByRole('complementary', { name: 'Facts of the run' });
  await expect(facts.getByText('Given · 1')).toBeVisible();
  await expect(facts.getByRole('row', { name: /analyze_penguins/ })).toBeVisible();
});

test('PLAN shows the graph first; the patch bay wires it by keyboard alone', async ({
  console: page
}) => {
  await page.getByText('PLAN', { exact: true }).click();
  await page
    .getByRole('textbox', { name: 'Directive', exact: true })
    .fill('Compare body mass by species');
  await page.getByRole('button', { name: 'Plan', exact: true }).click();
  await expect(page.getByText('2 agents')).toBeVisible();
  await page.getByRole('button', { name: 'Agent', exact: true }).click();
  await page.getByRole('button', { name: 'Patch bay' }).click();
  const bay = page.getByRole('table', { name: /Who waits for whom/ });
  await bay.getByRole('button', { name: 'writer_report waits for analyze_penguins' }).focus();
  await expect(page.locator(':focus')).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(page.locator(':focus')).toHaveAccessibleName('writer_report waits for analyze_new');
  await page.keyboard.press('Space');
  await expect(page.locator(':focus')).toHaveAttribute('aria-pressed', 'true');
  const circle = bay.getByRole('button', { name: 'analyze_penguins waits for writer_report' });
  await expect(circle).toHaveAttribute('aria-disabled', 'true');
  await expect(circle).toHaveAttribute('title', /That is a circle/);
  await page.getByRole('button', { name: '[ EXECUTE ]' }).click();
  await expect(page.getByRole('button', { name: /^writer_report, finished/ })).toBeVisible({
    timeout: 60_000
  });
  await expect(page.getByRole('region', { name: 'Pipeline' }).getByRole('button')).toHaveCount(3);
});

test('an agent is edited: id, model, tools, prompt, directive, delegation', async ({
  console: page,
  client
}) => {
  await page.getByRole('button', { name: /^Deep research/ }).click();
  await page.locator('.svelte-flow__node').filter({ hasText: 'analyze_deep' }).click();
  const editor = page.getByRole('complementary', { name: 'Agent analyze_deep' });
  await editor.getByLabel('Id').fill('analyze_broad');
  await expect(editor).toContainText('There is an agent analyze_broad already.');
  await editor.getByLabel('Id').fill('analyze_costs');
  await editor.getByLabel('Id').press('Tab');
  const renamed = page.getByRole('complementary', { name: 'Agent analyze_costs' });
  await renamed.getByLabel('Model, thinking').selectOption('thinking');
  await renamed.getByLabel('Prompt').fill('Look at the costs.');
  await renamed.getByLabel('write_file').check();
  await renamed.getByLabel('May delegate').check();
  await page.getByRole('textbox', { name: 'Directive', exact: true }).fill('Profile');
  await page.getByRole('button', { name: '[ EXECUTE ]' }).click();
  await expect(page).toHaveURL(/#\/runs\/run_/);
  const run = page.url().split('/').at(-1);
  const state = await client.call('GET', `/runtime/state?run_id=${run}`);
  const agents = (state.workflow as { agents: Record<string, unknown>[] }).agents;
  expect(agents.find(({ id }) => id === 'analyze_costs')).toMatchObject({
    model: 'thinking',
    prompt: 'Look at the costs.',
    tools: ['write_file'],
    allow_delegation: true
  });
  expect(agents.find(({ id }) => id === 'writer_report')?.depends_on).toEqual([
    'analyze_broad',
    'analyze_costs'
  ]);
});

test('a dependency is dragged in the graph', async ({ console: page }) => {
  await page.getByRole('button', { name: /^Generalist/ }).click();
  await page.getByRole('button', { name: 'Agent', exact: true }).click();
  const node = (id: string) => page.locator('.svelte-flow__node').filter({ hasText: id });
  await expect(page.locator('.svelte-flow__edge')).toHaveCount(0);
  await page.getByRole('button', { name: 'Close the editor' }).click();
  await node('master_generalist').locator('.source').hover();
  await page.mouse.down();
  await node('analyze_new').locator('.target').hover();
  await page.mouse.up();
  await expect(page.locator('.svelte-flow__edge')).toHaveCount(1);
});

test('a scenario starts in one click and brings its files', async ({ console: page }) => {
  await page.getByRole('button', { name: /^Financial audit/ }).click();
  await expect(
    page.getByRole('heading', { name: /Audit actual_eur against budget_eur/ })
  ).toBeVisible();
  await expect(page.getByRole('button', { name: /^writer_audit, finished/ })).toBeVisible({
    timeout: 60_000
  });
});

test('a run is paused, goes on and is stopped', async ({ console: page, client }) => {
  const rows = Array.from({ length: 60_000 }, (_, i) => `${i},${i % 7},${(i * 37) % 101}`).join(
    '\n'
  );
  for (const name of ['a.csv', 'b.csv', 'c.csv'])
    await client.upload(name, `id,group,value\n${rows}\n`);
  const { run_id } = await client.call('POST', '/runtime/start', {
    directive: 'Compare value by group',
    attached_files: ['a.csv', 'b.csv', 'c.csv']
  });
  await page.goto(`${page.url().split('#')[0]}#/runs/${run_id as string}`);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByText('Paused', { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByText('Running', { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('Stopped', { exact: true }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Stop' })).toBeHidden();
});

test('a workflow the server refuses says why, and nothing is lost', async ({ console: page }) => {
  await page.getByRole('button', { name: 'Model and limits' }).click();
  await page.getByLabel('Keep artifacts, days').fill('99999');
  await page.keyboard.press('Escape');
  await page.getByRole('textbox', { name: 'Directive', exact: true }).fill('Profile');
  await page.getByRole('button', { name: '[ EXECUTE ]' }).click();
  await expect(page.getByText(/retention_days/)).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Directive', exact: true })).toHaveValue(
    'Profile'
  );
});
