// How a page looks and reads, in both themes: a picture to look at, what axe finds, and whether anything sticks out.
import type { Page } from '@playwright/test';
import axe from 'axe-core';
import { expect } from './fixtures';

export const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 }
] as const;

const THEMES = ['archival', 'phosphor'] as const;
type Theme = (typeof THEMES)[number];

/** Choose a theme as another tab of the same person would: this one follows at once. */
async function wear(page: Page, theme: Theme): Promise<void> {
  await page.evaluate((chosen) => {
    const kept = JSON.parse(localStorage.getItem('raro.settings') ?? '{}') as object;
    localStorage.setItem('raro.settings', JSON.stringify({ ...kept, theme: chosen }));
    dispatchEvent(new StorageEvent('storage', { key: 'raro.settings' }));
  }, theme);
  await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
  // Neither a picture nor axe wants the colours on their way.
  await page.evaluate(() =>
    Promise.allSettled(
      document
        .getAnimations()
        .filter((one) => one instanceof CSSTransition)
        .map((one) => one.finished)
    )
  );
}

/** Wait until the page stands: its pictures and fonts are there, and nothing in it was drawn anew for a while. */
async function stands(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const [STILL_MS, MOST_MS] = [250, 1500];
    const still = new Promise<void>((done) => {
      const over = () => {
        watcher.disconnect();
        done();
      };
      let timer = setTimeout(over, STILL_MS);
      const watcher = new MutationObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(over, STILL_MS);
      });
      watcher.observe(document, { subtree: true, childList: true, attributes: true });
    });
    // A picture that is below what is seen may never be fetched.
    const pictures = [...document.images].filter((image) => image.loading !== 'lazy');
    await Promise.race([
      Promise.allSettled([still, document.fonts.ready, ...pictures.map((image) => image.decode())]),
      new Promise((done) => setTimeout(done, MOST_MS))
    ]);
  });
}

/** What axe finds by all of its rules. It says so in words: to hand over all of its findings takes longer than they do. */
async function found(page: Page): Promise<string[]> {
  expect(page.frames(), 'axe looks into no frame').toHaveLength(1);
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { run } = (window as unknown as { axe: typeof axe }).axe;
    const { violations } = await run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => {
      const seen = nodes.map(
        ({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`
      );
      return `${id}: ${seen.slice(0, 3).join(' | ')}`;
    });
  });
}

/** Axe finds nothing in either theme, and nothing sticks out; pictures are kept as by `pictures`. */
export async function reads(page: Page, name: string): Promise<void> {
  await stands(page);
  for (const theme of THEMES) {
    await wear(page, theme);
    await picture(page, name, theme);
    expect.soft(await found(page), `${name}, ${theme}: what axe found`).toEqual([]);
  }
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth
  );
  expect.soft(wide, `${name}: pixels that stick out`).toBe(0);
}

/** A picture in each theme to look at, kept as `name-theme-width.png`. */
export async function pictures(page: Page, name: string): Promise<void> {
  await stands(page);
  for (const theme of THEMES) {
    await wear(page, theme);
    await picture(page, name, theme);
  }
}

async function picture(page: Page, name: string, theme: Theme): Promise<void> {
  const width = page.viewportSize()!.width;
  await page.screenshot({ path: `screenshots/${name}-${theme}-${width}.png` });
}
