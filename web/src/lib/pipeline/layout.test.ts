import { describe, expect, it } from 'vitest';
import { layout, NODE } from './layout';

describe('the pipeline’s layout', () => {
  it('puts agents behind those they wait for, and side by side where they do not', () => {
    const { boxes, cables } = layout([
      { id: 'a', depends_on: [] },
      { id: 'b', depends_on: [] },
      { id: 'w', depends_on: ['a', 'b', 'gone'] }
    ]);
    const at = Object.fromEntries(boxes.map((box) => [box.id, box]));
    expect(at.w!.x).toBeGreaterThan(at.a!.x + NODE.width);
    expect(at.a!.x).toBe(at.b!.x);
    expect(Math.abs(at.a!.y - at.b!.y)).toBeGreaterThanOrEqual(NODE.height);
    expect(cables.map(({ key }) => key)).toEqual(['a→w', 'b→w']);
  });

  it('lays out a hundred agents', () => {
    const many = Array.from({ length: 100 }, (_, i) => ({
      id: `a${i}`,
      depends_on: i ? [`a${Math.floor(i / 3)}`] : []
    }));
    expect(layout(many).boxes).toHaveLength(100);
  });
});
