// DuckDB's SQL as far as one SELECT goes: what is coloured and what is offered while somebody types.
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { SQLDialect, type SQLNamespace } from '@codemirror/lang-sql';
import type { TableRow } from '../api/rows';

const KEYWORDS = `all and anti any array as asc asof between by case cast collate cross cube describe desc distinct
else end escape except exclude exists explain extract filter first following for from full glob group grouping having
ignore ilike in inner intersect interval into is isnull join lambda last lateral left like limit materialized natural
not notnull null nulls offset on or order outer over partition percent pivot positional preceding qualify range
recursive replace respect right rollup row rows sample select semi sets show similar summarize table tablesample then
ties to true false try_cast unbounded union unique unnest unpivot using values when where window with within`;

const TYPES = `bigint blob boolean date decimal double float hugeint integer interval json list map real smallint
struct text time timestamp timestamptz tinyint ubigint uinteger uuid varchar`;

const FUNCTIONS = `abs age any_value approx_count_distinct arg_max arg_min array_agg avg bit_count ceil coalesce concat
concat_ws contains corr count cume_dist current_date current_timestamp date_diff date_part date_trunc dayname
dense_rank epoch epoch_ms exp first_value floor format greatest histogram json_extract json_extract_string json_keys
json_type lag last_value lead least length list list_contains ln log lower lpad ltrim max md5 median min mod mode
monthname now nth_value ntile nullif percent_rank pow quantile_cont random range rank regexp_extract regexp_matches
regexp_replace replace reverse round row_number rpad rtrim sha256 sign split_part sqrt starts_with stddev strftime
string_agg string_split strptime substring sum time_bucket to_days to_hours to_json trim try_strptime typeof upper
variance year month day hour minute week`;

/** The dialect takes lists with single spaces. */
const spaced = (words: string) => words.replace(/\s+/g, ' ');

export const DUCKDB = SQLDialect.define({
  keywords: spaced(KEYWORDS),
  types: spaced(TYPES),
  builtin: spaced(FUNCTIONS),
  doubleDollarQuotedStrings: true,
  charSetCasts: false,
  operatorChars: '*+-%<>!=&|~^/:'
});

/** Tables and their columns as the completion knows them. */
export function namespace(tables: TableRow[]): SQLNamespace {
  return Object.fromEntries(
    tables.map((table) => [
      table.name,
      {
        self: { label: table.name, type: 'class', detail: 'table', info: table.description },
        children: table.columns.map(column)
      }
    ])
  );
}

/** Columns of the tables that the query names, offered without a table before them; and functions. */
export function named(tables: TableRow[]): (context: CompletionContext) => CompletionResult | null {
  const functions: Completion[] = FUNCTIONS.split(/\s+/).map((label) => ({
    label,
    type: 'function',
    apply: `${label}(`,
    boost: -2
  }));
  return (context) => {
    const word = context.matchBefore(/\w+/);
    const before = word ? context.state.sliceDoc(word.from - 1, word.from) : '';
    if ((!word && !context.explicit) || before === '.' || before === "'") return null;
    const text = context.state.doc.toString();
    const meant = tables.filter(({ name }) => new RegExp(`\\b${name}\\b`, 'i').test(text));
    const columns = new Map(
      meant.flatMap(({ columns }) =>
        columns.map((each) => [each.name, { ...column(each), boost: 2 }])
      )
    );
    return {
      from: word?.from ?? context.pos,
      options: [...columns.values(), ...functions],
      validFor: /^\w*$/
    };
  };
}

const column = ({ name, type, description }: TableRow['columns'][number]): Completion => ({
  label: name,
  type: 'property',
  detail: type.toLowerCase(),
  info: description
});
