// A JSON Schema as a person types it. Pure; what a schema may hold is the server's to say.

export interface Read {
  schema: unknown;
  /** Why the text is none; empty when it is one, or nothing. */
  wrong: string;
}

export function schemaOf(text: string): Read {
  if (!text.trim()) return { schema: null, wrong: '' };
  try {
    const schema: unknown = JSON.parse(text);
    const fits = schema !== null && typeof schema === 'object' && !Array.isArray(schema);
    return { schema, wrong: fits ? '' : 'A schema is a JSON object: { … }.' };
  } catch (error) {
    return { schema: null, wrong: `This is no JSON: ${(error as Error).message}` };
  }
}
