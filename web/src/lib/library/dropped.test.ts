import { describe, expect, it } from 'vitest';
import { dropped, pasted } from './dropped';

const NOW = new Date(2026, 10, 21, 9, 5, 7);

describe('a paste', () => {
  it('names a picture that has no name of its own', () => {
    const file = pasted(new File(['x'], 'image.png', { type: 'image/png' }), NOW);
    expect(file.name).toBe('pasted_20261121_090507.png');
    expect(file.type).toBe('image/png');
  });

  it('leaves a named file as it is', () => {
    const file = new File(['x'], 'images.png');
    expect(pasted(file, NOW)).toBe(file);
  });
});

describe('a drop', () => {
  const item = (name: string, isDirectory: boolean) => ({
    kind: 'file',
    getAsFile: () => new File(['x'], name),
    webkitGetAsEntry: () => ({ isDirectory, name })
  });

  it('parts files from folders, and leaves text out', () => {
    const items = [
      item('a.csv', false),
      item('folder', true),
      { kind: 'string', getAsFile: () => null }
    ];
    const found = dropped({ items: items as unknown as DataTransferItemList });
    expect(found.files.map(({ name }) => name)).toEqual(['a.csv']);
    expect(found.folders).toEqual(['folder']);
  });
});
