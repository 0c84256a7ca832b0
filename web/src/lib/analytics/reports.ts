// Reports over the API: the list, one report, and where its files are.
import { api, taken } from '../api/client';
import type { ReportAnswer, ReportRow } from '../api/rows';

type Bounds = { from?: string; to?: string };

const SHOWN_ROWS = 1000;
const FILE_ROWS = 10_000;

export const reports = async (): Promise<ReportRow[]> =>
  (await taken(api.GET('/analytics'))).reports;

export const report = (name: string, bounds: Bounds, signal: AbortSignal): Promise<ReportAnswer> =>
  taken(
    api.GET('/analytics/{report}', {
      params: { path: { report: name }, query: { ...bounds, limit: SHOWN_ROWS } },
      signal
    })
    // The answer has other forms too, which have to be asked for.
  ) as Promise<ReportAnswer>;

/** The address of a report's file; the cookie says whose it is. */
export function fileOf(name: string, bounds: Bounds, format: 'csv' | 'parquet'): string {
  const query = new URLSearchParams({ ...bounds, limit: String(FILE_ROWS), format });
  return `/analytics/${encodeURIComponent(name)}?${query}`;
}
