// A person in the model's place: an agent is taken over, answered for and handed back, all of it in the log.
import type { Locator, Page } from '@playwright/test';
import { expect, opened, test as base } from './fixtures';
import { reads, SIZES } from './looks';
import type { Client } from './raro';
import { Scripted } from './shared';

const SCRIPT = {
  agents: {
    writer_x: [
      { text: 'never said', final: true },
      { text: 'the model again', final: true, tokens_in: 1200, tokens_out: 34, cost_usd: 0.0042 }
    ],
    writer_slow: [
      { text: 'I look.', tool_calls: [{ name: 'list_files', args: {} }], delay_s: 6 },
      { text: 'never said', final: true }
    ],
    writer_costs: [{ text: 'done', final: true, tokens_in: 1200, tokens_out: 34, cost_usd: 0.0042 }]
  }
};

const test = base.extend({
  raro: [
    async ({ shared }, use) => use((await shared.own('puppet', () => Scripted.start(SCRIPT))).raro),
    { scope: 'test', timeout: 60_000 }
  ]
});

async function start(client: Client, ...agents: object[]): Promise<string> {
  const { run_id } = await client.call('POST', '/runtime/start', { agents, directive: 'do it' });
  return run_id as string;
}

const show = (page: Page, id: string) => page.goto(`${page.url().split('#')[0]}#/runs/${id}`);
const handOf = (page: Page, agent: string): Locator =>
  page.getByRole('region', { name: `You answer for ${agent}` });

test('a person calls a tool and ends the agent; the log says who did', async ({
  console: page,
  client
}) => {
  const id = await start(client, { id: 'writer_x', model: 'puppet', prompt: 'write it down' });
  await show(page, id);
  const hand = handOf(page, 'writer_x');
  await hand.getByText('What it was told').click();
  await expect(hand).toContainText('write it down');
  await hand.getByLabel('What it says next').fill('I write it by hand.');
  await hand.getByLabel('Add a call').selectOption('write_file');
  const call = hand.getByRole('group', { name: 'write_file' });
  await call.getByLabel(/^path/).fill('by-hand.md');
  await call.getByLabel(/^content/).fill('# By hand\nwith "quotes"\n');
  await hand.getByRole('button', { name: 'Answer', exact: true }).click();
  const turn = page.getByRole('region', { name: 'Turn 1' });
  await expect(turn).toContainText(`Answered by user:${client.id}`);
  await expect(turn).toContainText('DONE');
  await turn.getByText('Show prompt').click();
  await expect(turn).toContainText('a person answered this turn');
  await hand.getByLabel('What it says next').fill('That is all.');
  await hand.getByRole('checkbox').check();
  await hand.getByRole('button', { name: 'Answer and end' }).click();
  await expect(page.getByText('Completed', { exact: true }).first()).toBeVisible();
  await expect(hand).toBeHidden();
  await page
    .getByRole('complementary', { name: 'Facts of the run' })
    .getByText('by-hand.md')
    .click();
  await expect(page.getByRole('dialog')).toContainText('with "quotes"');
});

test('arguments that cannot be are named, and nothing is sent', async ({
  console: page,
  client
}) => {
  await show(page, await start(client, { id: 'master_x', model: 'puppet' }));
  const hand = handOf(page, 'master_x');
  await hand.getByLabel('Add a call').selectOption('read_file');
  await hand.getByLabel(/^path/).fill('a.csv');
  await hand.getByLabel(/^offset/).fill('from the start');
  await hand.getByLabel('Add a call').selectOption('delegate_agent');
  const delegate = hand.getByRole('group', { name: 'delegate_agent' });
  await delegate.getByLabel(/^tools/).fill('[write_file');
  await hand.getByRole('button', { name: 'Answer', exact: true }).click();
  await expect(hand).toContainText('Write a number.');
  await expect(hand).toContainText('This is no JSON');
  await expect(page.getByRole('region', { name: 'Turn 1' })).toHaveCount(0);
  await hand.getByRole('button', { name: 'Remove the call of delegate_agent' }).click();
  await hand.getByLabel(/^offset/).fill('0');
  await hand.getByRole('button', { name: 'Answer', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Turn 1' })).toContainText('FAILED');
});

test('an agent is taken over before it begins, and handed back to its model', async ({
  console: page,
  client
}) => {
  const id = await start(
    client,
    { id: 'writer_y', model: 'puppet' },
    { id: 'writer_x', depends_on: ['writer_y'] }
  );
  await show(page, id);
  await page.getByRole('button', { name: /^writer_x, waiting/ }).click();
  await page.getByRole('button', { name: 'Answer for this agent' }).press('Enter');
  await expect(handOf(page, 'writer_x')).toContainText('It has not begun');
  await expect(page.getByRole('button', { name: 'Hand back to the model' })).toBeFocused();
  await page.getByRole('button', { name: 'Show all agents' }).click();
  await handOf(page, 'writer_y').getByLabel('What it says next').fill('first');
  await handOf(page, 'writer_y').getByRole('checkbox').check();
  await handOf(page, 'writer_y').getByRole('button', { name: 'Answer and end' }).click();
  const hand = handOf(page, 'writer_x');
  await hand.getByLabel('Add a call').selectOption('list_files');
  await hand.getByRole('button', { name: 'Answer', exact: true }).click();
  await expect(page.getByText('writer_x, finished')).toHaveCount(0);
  await hand.getByRole('button', { name: 'Hand back to the model' }).click();
  await expect(page.getByRole('log')).toContainText('the model again');
  await expect(page.getByRole('log')).toContainText('The model of writer_x answers again.');
  await expect(page.getByText('Completed', { exact: true }).first()).toBeVisible();
});

test('what is being written stays when the model’s own turn still comes in', async ({
  console: page,
  client
}) => {
  await show(page, await start(client, { id: 'writer_slow' }));
  await page.getByRole('button', { name: 'Answer for this agent' }).click();
  const says = handOf(page, 'writer_slow').getByLabel('What it says next');
  await says.fill('half a thought');
  await expect(page.getByRole('region', { name: 'Turn 1' })).toContainText('DONE');
  await expect(says).toHaveValue('half a thought');
  await handOf(page, 'writer_slow').getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Answer and end' }).click();
  await expect(page.getByRole('region', { name: 'Turn 2' })).toContainText('half a thought');
  await expect(page.getByText('Completed', { exact: true }).first()).toBeVisible();
});

test('tokens and cost are told for each agent, each turn, the run and the history', async ({
  console: page,
  client
}) => {
  const id = await client.run('count', [], { agents: [{ id: 'writer_costs' }] });
  await show(page, id);
  const facts = page.getByRole('complementary', { name: 'Facts of the run' });
  await expect(facts.getByRole('row', { name: /writer_costs/ })).toContainText('$0.0042');
  await expect(facts.getByTitle('1200 tokens in, 34 out')).toHaveText('1.2k');
  await expect(
    page.getByRole('button', { name: /^writer_costs, finished.*\$0\.0042/ })
  ).toBeVisible();
  await expect(page.getByRole('region', { name: 'Turn 1' })).toContainText('$0.0042');
  await page.getByRole('link', { name: 'Runs', exact: true }).click();
  await expect(page.getByRole('link', { name: /count/ })).toContainText('$0.0042');
});

for (const viewport of SIZES) {
  test(`the form, ${viewport.width} wide`, async ({ raro, client, context }) => {
    const kept = { clientId: client.id, theme: 'archival', toured: true };
    const page = await opened(context, raro.url, kept);
    await page.setViewportSize(viewport);
    await show(page, await start(client, { id: 'coder_x', model: 'puppet' }));
    const hand = handOf(page, 'coder_x');
    await hand.getByLabel('Add a call').selectOption('execute_python');
    await hand.getByRole('button', { name: 'Answer', exact: true }).scrollIntoViewIfNeeded();
    await reads(page, 'puppet');
  });
}
