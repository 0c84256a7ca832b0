// JSON for people: numbers stand as they were written, for 12345678901234567890 is no 12345678901234567000.

/** A number that JavaScript would write another way. */
export class Written {
  constructor(readonly text: string) {}
}

/** Browsers that do not hand the source to a reviver show numbers as they know them. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && context.source !== String(value)
      ? new Written(context.source)
      : value
  );
}
