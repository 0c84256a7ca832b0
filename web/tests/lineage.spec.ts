// A file followed over runs and the library: as a graph, and as a tree for keys and for those who do not see it.
import type { Locator, Page } from '@playwright/test';
import { choose, expect, opened, openRail, test as base } from './fixtures';
import { visit } from './log';
import { reads, SIZES } from './looks';
import type { Client } from './raro';
import { Scripted } from './shared';

/** So many files that the API does not tell all of them at once. */
const MANY = 320;
const WRITES = `
from pathlib import Path
for n in range(${MANY}):
    Path(f"output/part_{n:03}.txt").write_text(str(n))
`;
const call = (name: string, args: object) => ({ name, args });
const SCRIPT = {
  agents: {
    writer_clean: [
      { text: 'I read it.', tool_calls: [call('read_file', { path: 'input/raw.csv' })] },
      {
        text: 'I write it.',
        tool_calls: [call('write_file', { path: 'clean.csv', content: 'team,cost\na,1\n' })]
      },
      { text: 'done', final: true }
    ],
    writer_costs: [
      { text: 'I read it.', tool_calls: [call('read_file', { path: 'input/costs.csv' })] },
      {
        text: 'I write it.',
        tool_calls: [
          call('write_file', { path: 'report.md', content: '# Costs\n\nTeam a has 1.\n' }),
          call('write_file', { path: 'notes.md', content: 'None.\n' })
        ]
      },
      { text: 'done', final: true }
    ],
    coder_split: [
      { text: 'I write many.', tool_calls: [call('execute_python', { code: WRITES })] },
      { text: 'done', final: true }
    ]
  }
};

const test = base.extend({
  raro: [
    async ({ shared }, use) =>
      use((await shared.own('lineage', () => Scripted.start(SCRIPT))).raro),
    { scope: 'test', timeout: 60_000 }
  ]
});

const one = (id: string) => ({ agents: [{ id, prompt: 'go on' }] });

interface Story {
  first: string;
  second: string;
}

/** raw.csv → writer_clean → clean.csv, saved as costs.csv → writer_costs → report.md and notes.md, which is deleted. */
async function told(client: Client): Promise<Story> {
  await client.upload('raw.csv', 'team,cost\na,one\n');
  await client.upload('beside.txt', 'not read by anybody');
  const first = await client.run('Clean it', ['raw.csv', 'beside.txt'], one('writer_clean'));
  await client.call('POST', `/runtime/artifacts/${first}/files/clean.csv/promote?as=costs.csv`);
  const second = await client.run('Report', ['costs.csv'], one('writer_costs'));
  await client.call('DELETE', `/runtime/artifacts/${second}/files/notes.md`);
  return { first, second };
}

const view = (page: Page, file: Record<string, string>) =>
  visit(page, `#/?${new URLSearchParams(file)}`);
const lineage = (page: Page): Locator => page.getByRole('region', { name: 'Lineage' });
const tree = (page: Page, name: 'Made from' | 'Used by'): Locator =>
  lineage(page).getByRole('tree', { name });
const levels = (of: Locator) =>
  of
    .getByRole('treeitem')
    .evaluateAll((items) =>
      items.map(
        (item) => `${item.getAttribute('aria-level')} ${item.getAttribute('aria-label') ?? ''}`
      )
    );
const short = (run: string) => run.replace('run_', '').slice(0, 8);

test('what a library file led to is told through both runs and the library', async ({
  console: page,
  client
}) => {
  const { first, second } = await told(client);
  await openRail(page);
  await choose(page, 'Actions for raw.csv', 'Used by');
  await expect(tree(page, 'Used by')).toBeVisible();
  expect(await levels(tree(page, 'Used by'))).toEqual([
    '1 raw.csv version 1, library',
    `2 read by writer_clean, agent of run ${short(first)}, turn 1`,
    `3 made clean.csv version 1, artifact of run ${short(first)}, turn 2`,
    '4 saved as costs.csv version 1, library',
    `5 read by writer_costs, agent of run ${short(second)}, turn 1`,
    expect.stringMatching(/^6 made (report|notes).md version 1/),
    expect.stringMatching(/^6 made (report|notes).md version 1/)
  ]);
  await expect(tree(page, 'Made from')).toBeHidden();
  const gone = tree(page, 'Used by').getByRole('treeitem', { name: /notes\.md.*deleted/ });
  await expect(gone).toContainText('deleted');
  await gone.click();
  await expect(page.getByRole('heading', { name: 'notes.md' })).toBeVisible();
  await expect(page.getByText('deleted or expired')).toBeVisible();
  await expect(tree(page, 'Made from').getByRole('treeitem', { name: /raw\.csv/ })).toBeVisible();
});

test('what a file was made from opens as the version that was used', async ({
  console: page,
  client
}) => {
  const { second } = await told(client);
  await client.upload('costs.csv', 'team,cost\na,2\n');
  await view(page, { file: 'report.md', of: second });
  await page.getByRole('button', { name: 'Lineage', exact: true }).click();
  const made = tree(page, 'Made from');
  await expect(made.getByRole('treeitem', { name: /beside\.txt/ })).toBeVisible();
  await lineage(page).getByRole('checkbox', { name: 'Only what was read' }).check();
  await expect(made.getByRole('treeitem', { name: /raw\.csv/ })).toBeVisible();
  await expect(made.getByRole('treeitem', { name: /beside\.txt/ })).toBeHidden();
  await expect(lineage(page).getByText('Nothing was made from it yet')).toBeVisible();
  await made.getByRole('treeitem', { name: /costs\.csv/ }).click();
  const viewer = page.getByRole('dialog', { name: 'Viewer: costs.csv' });
  await expect(viewer.getByText('text/csv · 14 B · v1')).toBeVisible();
  await page.goBack();
  await made.getByRole('treeitem', { name: /writer_costs/ }).click();
  await expect(page).toHaveURL(new RegExp(`#/runs/${second}$`));
});

test('the library tells what a saved file was made from', async ({ console: page, client }) => {
  await told(client);
  await openRail(page);
  await choose(page, 'Actions for costs.csv', 'Made from');
  await expect(
    tree(page, 'Made from').getByRole('treeitem', { name: /saved from clean\.csv/ })
  ).toBeVisible();
  await lineage(page).getByRole('button', { name: 'Both ways' }).click();
  await expect(tree(page, 'Used by')).toBeVisible();
  await expect(lineage(page).getByRole('button', { name: 'Both ways' })).toBeFocused();
  await page.reload();
  await expect(tree(page, 'Used by')).toBeVisible();
});

test('in the past it is marked as what is known now', async ({ console: page, client }) => {
  await told(client);
  await openRail(page);
  await choose(page, 'Actions for costs.csv', 'Made from');
  await expect(tree(page, 'Made from')).toBeVisible();
  await expect(lineage(page).getByRole('note')).toHaveCount(0);
  await page.keyboard.press('t');
  await expect(lineage(page).getByRole('note')).toContainText('known now');
});

test('the tree is walked, folded and opened with keys alone', async ({ console: page, client }) => {
  await told(client);
  await view(page, { file: 'raw.csv', lineage: 'used_by' });
  const items = tree(page, 'Used by').getByRole('treeitem');
  await expect(items).toHaveCount(7);
  await items.first().focus();
  await page.keyboard.press('ArrowRight');
  await expect(items.nth(1)).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await expect(items.nth(2)).toHaveAttribute('aria-expanded', 'false');
  await expect(items).toHaveCount(3);
  await page.keyboard.press('ArrowLeft');
  await expect(items.nth(1)).toBeFocused();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowRight');
  await expect(items).toHaveCount(7);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Viewer: clean.csv' })).toBeVisible();
});

test('the graph shows the same, from left to right, and opens what is clicked', async ({
  console: page,
  client
}) => {
  const { first } = await told(client);
  await view(page, { file: 'costs.csv', lineage: 'both' });
  const graph = lineage(page).getByRole('region', { name: /^Graph/ });
  const nodes = graph.locator('.plane a');
  await expect(nodes).toHaveCount(8);
  const x = async (title: string) => (await graph.getByTitle(title).boundingBox())!.x;
  expect(await x('raw.csv version 1, library')).toBeLessThan(
    await x('costs.csv version 1, library')
  );
  await graph.getByTitle(`writer_clean, agent of run ${short(first)}`).hover();
  await expect(
    tree(page, 'Made from')
      .getByRole('treeitem', { name: /^made by writer_clean|^read/ })
      .first()
  ).toHaveClass(/lit/);
  await graph.getByTitle(`clean.csv version 1, artifact of run ${short(first)}`).click();
  await expect(page.getByRole('dialog', { name: 'Viewer: clean.csv' })).toBeVisible();
});

test('an answer that was cut says so, and more can be asked for', async ({
  console: page,
  client
}) => {
  await client.upload('whole.csv', 'a,b\n1,2\n');
  await client.run('Split it', ['whole.csv'], one('coder_split'));
  await view(page, { file: 'whole.csv', lineage: 'used_by' });
  await expect(lineage(page).getByText('The 300 things nearest to it are here')).toBeVisible();
  await expect(lineage(page).getByText('The 150 nearest of 301 are drawn')).toBeVisible();
  await lineage(page).getByRole('button', { name: 'Show up to 1,000' }).click();
  await expect(lineage(page).getByText(`Used by · ${MANY + 1}`)).toBeVisible();
  await expect(lineage(page).getByText('things nearest to it are here')).toBeHidden();
  await lineage(page)
    .getByRole('button', { name: /more line/ })
    .click();
  await expect(tree(page, 'Used by').getByRole('treeitem')).toHaveCount(MANY + 2);
});

test('a file that nothing is known of says so', async ({ console: page, client }) => {
  await client.upload('alone.txt', 'words');
  await view(page, { file: 'alone.txt', lineage: 'both' });
  await expect(lineage(page).getByText('it was brought from outside')).toBeVisible();
  await expect(lineage(page).getByText('Nothing was made from it yet')).toBeVisible();
  await view(page, { file: 'nowhere.txt', lineage: 'both' });
  await expect(lineage(page).getByText(/the library has no file/)).toBeVisible();
});

test('a run is taken away as a report; on a narrow screen behind one button', async ({
  console: page,
  client,
  context
}) => {
  const { second } = await told(client);
  await visit(page, `#/runs/${second}`);
  const [report] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('link', { name: 'Report' }).click()
  ]);
  await expect(report.getByRole('heading', { name: 'Turns and tool calls' })).toBeVisible();
  await expect(report.getByText('costs.csv').first()).toBeVisible();
  await report.close();
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(page.getByRole('link', { name: 'Report' })).toBeHidden();
  await page.getByRole('button', { name: 'Take away' }).click();
  for (const name of ['Zip', 'Proof', 'Report'])
    await expect(page.getByRole('menuitem', { name })).toBeVisible();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Proof' }).click()
  ]);
  expect(download.suggestedFilename()).toBe(`${second}.crate.zip`);
});

for (const viewport of SIZES) {
  test(`the lineage, ${viewport.width} wide`, async ({ raro, client, context }) => {
    await told(client);
    const kept = { clientId: client.id, theme: 'archival', toured: true };
    const page = await opened(context, raro.url, kept);
    await page.setViewportSize(viewport);
    await view(page, { file: 'costs.csv', lineage: 'both' });
    await expect(tree(page, 'Used by')).toBeVisible();
    await reads(page, 'lineage');
    await expect(page.getByRole('region', { name: /^Graph/ })).toHaveCount(
      viewport.width > 700 ? 1 : 0
    );
  });
}
