import { describe, expect, it } from 'vitest';
import { layout, NODE, towards } from './layout';

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

  it('keeps equals in the order they are listed in', () => {
    const down = (ids: string[], last: string[]) => {
      const { boxes } = layout(ids.map((id) => ({ id, depends_on: id === 'w' ? last : [] })));
      return boxes.filter(({ id }) => id !== 'w').map(({ y }) => y);
    };
    const fan = down(['a', 'b', 'c', 'w'], ['a', 'b', 'c']);
    expect(fan).toEqual(fan.toSorted((a, b) => a - b));
    const apart = down(['a', 'b', 'c'], []);
    expect(apart).toEqual(apart.toSorted((a, b) => a - b));
  });

  it('has room for none', () => {
    expect(layout([])).toEqual({ width: 0, height: 0, boxes: [], cables: [] });
  });

  it('lays out a hundred agents', () => {
    const many = Array.from({ length: 100 }, (_, i) => ({
      id: `a${i}`,
      depends_on: i ? [`a${Math.floor(i / 3)}`] : []
    }));
    expect(layout(many).boxes).toHaveLength(100);
  });

  it('leads from agent to agent with the arrow keys', () => {
    const { boxes } = layout([
      { id: 'a', depends_on: [] },
      { id: 'b', depends_on: [] },
      { id: 'w', depends_on: ['a', 'b'] }
    ]);
    expect(towards(boxes, 'a', 'ArrowDown')).toBe('b');
    expect(towards(boxes, 'b', 'ArrowRight')).toBe('w');
    expect(towards(boxes, 'w', 'ArrowRight')).toBeNull();
    expect(towards(boxes, 'a', 'End')).toBe('w');
    expect(towards(boxes, 'w', 'Home')).toBe('a');
    expect(towards(boxes, 'a', 'x')).toBeNull();
  });
});
