import { expect, test } from './fixtures';
import { PENGUINS } from './raro';

test.beforeEach(async ({ client }) => {
  await client.upload('penguins.csv', PENGUINS, true);
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
  await page.locator('.svelte-flow__node').filter({ hasText: 'analyze_inputs' }).click();
  const editor = page.getByRole('complementary', { name: 'Agent analyze_inputs' });
  // What an id brings along cannot be taken away from it.
  await expect(editor.getByLabel('write_file')).toBeChecked();
  await expect(editor.getByLabel('write_file')).toBeDisabled();
  await editor.getByLabel('Id').fill('research_sources');
  await expect(editor).toContainText('There is an agent research_sources already.');
  await editor.getByLabel('Id').fill('check_costs');
  await editor.getByLabel('Id').press('Tab');
  const renamed = page.getByRole('complementary', { name: 'Agent check_costs' });
  await expect(renamed.getByLabel('Role')).toBeFocused();
  await renamed.getByLabel('Model', { exact: true }).selectOption('thinking');
  await renamed.getByLabel('Thinking').selectOption('medium');
  await renamed.getByLabel('Prompt').fill('Look at the costs.');
  await renamed.getByLabel('write_file').check();
  await renamed.getByLabel('May delegate').check();
  await renamed.getByText('Answer’s form').click();
  const form = renamed.getByLabel('JSON Schema of the answer');
  await form.fill('{"type": ');
  await expect(renamed).toContainText('This is no JSON');
  await form.fill('{"type": "object"}');
  await form.press('Tab');
  await page.getByRole('textbox', { name: 'Directive', exact: true }).fill('Profile');
  await page.getByRole('button', { name: '[ EXECUTE ]' }).click();
  await expect(page).toHaveURL(/#\/runs\/run_/);
  const run = page.url().split('/').at(-1);
  const state = await client.call('GET', `/runtime/state?run_id=${run}`);
  const agents = (state.workflow as { agents: Record<string, unknown>[] }).agents;
  expect(agents.find(({ id }) => id === 'check_costs')).toMatchObject({
    model: 'thinking',
    thinking: 'medium',
    output_schema: { type: 'object' },
    prompt: 'Look at the costs.',
    tools: ['write_file'],
    allow_delegation: true
  });
  expect(agents.find(({ id }) => id === 'writer_report')?.depends_on).toEqual([
    'research_sources',
    'check_costs'
  ]);
});

test('an agent is given one model by its id, or to a person', async ({ console: page, client }) => {
  await page.getByRole('button', { name: /^Generalist/ }).click();
  await page.locator('.svelte-flow__node').click();
  const editor = page.getByRole('complementary', { name: 'Agent master_generalist' });
  const model = editor.getByLabel('Model', { exact: true });
  await model.selectOption('one by its id');
  await editor.getByLabel('Model’s id').fill('gemini-x');
  await editor.getByLabel('Model’s id').press('Tab');
  await expect(model).toHaveValue('other');
  await page.getByRole('button', { name: 'Close the editor' }).click();
  await page.locator('.svelte-flow__node').click();
  await expect(editor.getByLabel('Model’s id')).toHaveValue('gemini-x');
  await model.selectOption('a person');
  await expect(editor.getByLabel('Thinking')).toBeHidden();
  await page.getByRole('textbox', { name: 'Directive', exact: true }).fill('By hand');
  await page.getByRole('button', { name: '[ EXECUTE ]' }).click();
  const hand = page.getByRole('region', { name: 'You answer for master_generalist' });
  await expect(hand.getByLabel('What it says next')).toBeVisible();
  const run = page.url().split('/').at(-1);
  await client.call('POST', `/runtime/${run}/stop`);
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

test('a cable is cut, an agent removed by a key and had back', async ({ console: page }) => {
  await page.getByRole('button', { name: /^Dev studio/ }).click();
  const nodes = page.locator('.svelte-flow__node');
  const cables = page.locator('.svelte-flow__edge');
  await expect(cables).toHaveCount(2);
  await page.getByRole('group', { name: 'coder_change waits for analyze_code' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Let coder_change not wait for analyze_code' }).click();
  await expect(cables).toHaveCount(1);
  await nodes.filter({ hasText: 'coder_change' }).focus();
  await page.keyboard.press('Enter');
  const editor = page.getByRole('complementary', { name: 'Agent coder_change' });
  await expect(editor).toBeVisible();
  // In a field the key is for the text.
  await editor.getByLabel('Prompt').press('Backspace');
  await expect(nodes).toHaveCount(3);
  await nodes.filter({ hasText: 'coder_change' }).focus();
  await page.keyboard.press('Delete');
  await expect(nodes).toHaveCount(2);
  await expect(editor).toBeHidden();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(nodes).toHaveCount(3);
  await expect(cables).toHaveCount(1);
});

test('a graph that was edited is not lost to another', async ({ console: page }) => {
  await page.getByRole('button', { name: /^Generalist/ }).click();
  await expect(page.getByRole('heading', { name: 'Generalist' })).toBeFocused();
  await page.getByRole('button', { name: 'Agent', exact: true }).click();
  await expect(page.getByText('2 agents')).toBeVisible();
  await page.getByRole('button', { name: /^Deep research/ }).click();
  await expect(page.getByRole('status').filter({ hasText: '3 agents' })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('status').filter({ hasText: '2 agents' })).toBeVisible();
  await page.getByRole('button', { name: 'Drop the graph' }).click();
  await expect(page.getByRole('heading', { name: 'Generalist' })).toBeHidden();
});

test('model and limits go to the run, planned or not', async ({ console: page, client }) => {
  await page.getByRole('button', { name: 'Model and limits' }).click();
  await page.getByLabel('Model, all agents').selectOption('reasoning');
  await page.getByLabel('Keep artifacts, days').fill('2');
  await page.getByLabel('Token budget').fill('9000');
  await page.getByLabel('Time limit, minutes').fill('1.5');
  await page.getByLabel('When an agent fails').selectOption('end the run');
  await page.getByLabel('Network for code').check();
  await page.keyboard.press('Escape');
  await page.locator('#directive').fill('Profile');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: '[ EXECUTE ]' }).click();
  await expect(page).toHaveURL(/#\/runs\/run_/);
  const state = await client.call('GET', `/runtime/state?run_id=${page.url().split('/').at(-1)}`);
  const { agents, ...limits } = state.workflow as { agents: { model: string }[] };
  expect(agents.map(({ model }) => model)).toEqual(['reasoning', 'reasoning']);
  expect(limits).toMatchObject({
    max_token_budget: 9000,
    timeout_ms: 90_000,
    on_failure: 'fail',
    allow_network: true
  });
  expect(state.retention_days).toBe(2);
});

test('files are unlinked by keyboard, one after the other', async ({ console: page, client }) => {
  await client.upload('more.csv', 'a,b\n1,2\n', true);
  const files = page.getByRole('group', { name: 'Linked files' });
  await files.getByRole('button', { name: 'Unlink more.csv' }).focus();
  await page.keyboard.press('Enter');
  await expect(files.getByRole('button', { name: 'Unlink penguins.csv' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(files.getByRole('button', { name: /^No file is linked/ })).toBeFocused();
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
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(page.getByText('Stopped', { exact: true }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Stop', exact: true })).toBeHidden();
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

test('a run that goes on is steered from the deck; what it left undone says so', async ({
  console: page,
  client
}) => {
  const agents = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, index, all) => ({
    id: `analyze_${id}`,
    depends_on: index ? [`analyze_${all[index - 1]}`] : []
  }));
  const { run_id } = await client.call('POST', '/runtime/start', {
    directive: 'One after the other',
    agents,
    attached_files: ['penguins.csv']
  });
  const going = page.getByRole('group', { name: 'One after the other' });
  await going.getByRole('button', { name: 'Pause' }).focus();
  await page.keyboard.press('Enter');
  await expect(going.getByRole('button', { name: 'Resume' })).toBeFocused();
  await going.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(going).toBeHidden();
  await page.goto(`${page.url().split('#')[0]}#/runs/${run_id as string}`);
  const pipeline = page.getByRole('region', { name: 'Pipeline' });
  await expect(pipeline.getByRole('button', { name: 'analyze_f, not run' })).toBeVisible();
  await pipeline.locator('[data-agent]').last().focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator(':focus')).toHaveAttribute('data-agent', 'analyze_b');
  await page.keyboard.press('Enter');
  await expect(page.locator(':focus')).toHaveAttribute('aria-pressed', 'true');
});
