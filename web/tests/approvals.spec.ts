// What agents ask of people: cards that are decided one by one or together, delegation shown, a run that waits.
import type { Page } from '@playwright/test';
import { expect, opened, test as base } from './fixtures';
import { reads, SIZES } from './looks';
import { Scripted } from './shared';

const RULES = `
[[rule]]
id = "ask-for-writing"
description = "A person allows what is written."
trigger = "ToolCall"
action = "request_approval"
reason = "{agent} wants to write"
[rule.when]
tool = "write_file"
`;
const WRITES = (path: string) => ({ name: 'write_file', args: { path, content: '# A' } });
const SCRIPT = {
  agents: {
    writer_x: [
      { text: 'I write two files.', tool_calls: [WRITES('a.md'), WRITES('b.md')] },
      { text: 'done', final: true }
    ],
    writer_fails: [{ fail: { code: 'model_unavailable', message: 'it is away' } }],
    master_lead: [
      {
        text: 'others help',
        tool_calls: [
          {
            name: 'delegate_agent',
            args: { agent_id: 'analyze_costs', prompt: 'look at the costs' }
          }
        ]
      },
      { text: 'done', final: true }
    ],
    analyze_costs: [{ text: 'I looked', final: true }]
  }
};

const test = base.extend({
  raro: [
    async ({ shared }, use) =>
      use((await shared.own('approvals', () => Scripted.start(SCRIPT, RULES))).raro),
    { scope: 'test', timeout: 60_000 }
  ]
});

async function run(url: string, client: string, ...agents: object[]): Promise<string> {
  const answer = await fetch(`${url}/runtime/start`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-raro-client-id': client },
    body: JSON.stringify({ agents, directive: 'do it' })
  });
  return ((await answer.json()) as { run_id: string }).run_id;
}

const show = (page: Page, id: string) => page.goto(`${page.url().split('#')[0]}#/runs/${id}`);

test('calls of one turn are decided one by one, with a note', async ({
  console: page,
  raro,
  client
}) => {
  const id = await run(raro.url, client.id, { id: 'writer_x' });
  await page.getByRole('link', { name: '2 waiting for your decision' }).click();
  const card = page.getByRole('article', { name: /^A call needs your permission/ });
  await expect(card).toContainText('writer_x wants to write');
  await expect(card).toContainText('rule ask-for-writing');
  await expect(card).toContainText('left');
  await card.getByLabel(/^Note/).fill('not this one');
  await card.getByRole('button', { name: 'Deny', exact: true }).last().click();
  await expect(card).toContainText('DENIED');
  await card.getByRole('button', { name: 'Allow', exact: true }).click();
  await expect(page.getByText('Completed', { exact: true }).first()).toBeVisible();
  await expect(page.getByRole('log')).toContainText('not this one');
  expect(page.url()).toContain(id);
});

test('one decision counts for all of a turn', async ({ console: page, raro, client }) => {
  const id = await run(raro.url, client.id, { id: 'writer_x' });
  await show(page, id);
  const all = page.getByRole('button', { name: 'Allow all 2' });
  await expect(all).toBeVisible();
  await all.click();
  await expect(page.getByText('Completed', { exact: true }).first()).toBeVisible();
  await page.getByText('1 decided').click();
  await expect(page.getByText('ALLOWED').first()).toBeVisible();
});

test('a failure asks retry, skip or abort', async ({ console: page, raro, client }) => {
  await show(page, await run(raro.url, client.id, { id: 'writer_fails' }));
  const card = page.getByRole('article', { name: /^An agent failed/ });
  await expect(card).toContainText('it is away');
  await card.getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByText('1 decided')).toBeVisible();
  await expect(card.getByRole('button', { name: 'Abort' })).toBeVisible();
  await page.getByRole('button', { name: 'Abort' }).click();
  await expect(page.getByText('Failed', { exact: true }).first()).toBeVisible();
});

test('an agent that was added appears in the graph, and its prompt can be read', async ({
  console: page,
  raro,
  client
}) => {
  await show(page, await run(raro.url, client.id, { id: 'master_lead' }));
  await expect(page.getByRole('button', { name: /^analyze_costs, finished/ })).toBeVisible();
  await expect(page.getByText('Graph changed: master_lead added analyze_costs')).toBeVisible();
  const turn = page.getByRole('region', { name: 'Turn 1' }).first();
  await turn.getByText('Show prompt').click();
  await expect(turn).toContainText('You are master_lead');
});

for (const viewport of SIZES) {
  test(`the card, ${viewport.width} wide`, async ({ raro, client, context }) => {
    const kept = { clientId: client.id, theme: 'archival', toured: true };
    const page = await opened(context, raro.url, kept);
    await page.setViewportSize(viewport);
    await show(page, await run(raro.url, client.id, { id: 'writer_x' }));
    await expect(page.getByRole('button', { name: 'Allow all 2' })).toBeVisible();
    await reads(page, 'approval');
  });
}
