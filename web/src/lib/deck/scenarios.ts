// Prepared runs, and workflows to begin from. A scenario brings its files; they are uploaded when the library has none of that name.
import audit from '../../../../raro/agents/templates/scenarios/financial_audit.json';
import recon from '../../../../raro/agents/templates/scenarios/competitor_recon.json';
import refactor from '../../../../raro/agents/templates/scenarios/legacy_refactor.json';
import research from '../../../../raro/agents/templates/workflows/deep_research.json';
import studio from '../../../../raro/agents/templates/workflows/dev_studio.json';
import generalist from '../../../../raro/agents/templates/workflows/generalist.json';
import financials from '../../../../examples/financials_Q4.csv?url';
import legacy from '../../../../examples/legacy_script.py?url';
import notes from '../../../../examples/palmer_station.txt?url';
import penguins from '../../../../examples/penguins.csv?url';
import telemetry from '../../../../examples/raw_telemetry_dump.csv?url';
import { fromWorkflow, type Graph } from './graph';
import type { Workflow } from '../api/rows';

export interface Scenario {
  id: string;
  name: string;
  directive: string;
  files: string[];
  /** Null: the planner makes it. */
  graph: Graph | null;
}

/** Where the examples' bytes are, by name. */
export const EXAMPLES: Record<string, string> = {
  'financials_Q4.csv': financials,
  'legacy_script.py': legacy,
  'palmer_station.txt': notes,
  'penguins.csv': penguins,
  'raw_telemetry_dump.csv': telemetry
};

const prepared = (file: {
  id: string;
  name: string;
  directive: string;
  attached_files: string[];
}): Scenario => ({
  id: file.id,
  name: file.name,
  directive: file.directive,
  files: file.attached_files,
  graph: fromWorkflow(file as unknown as Workflow)
});

export const SAMPLE: Scenario = {
  id: 'penguins',
  name: 'Palmer penguins',
  directive: 'Compare body mass by species and sex, and show how flipper length goes with it',
  files: ['penguins.csv'],
  graph: null
};

export const SCENARIOS: Scenario[] = [SAMPLE, prepared(audit), prepared(recon), prepared(refactor)];

export interface Template {
  name: string;
  words: string;
  graph: Graph;
}

const template = (file: { name: string; description: string }): Template => ({
  name: file.name,
  words: file.description,
  graph: fromWorkflow(file as unknown as Workflow)
});

export const TEMPLATES: Template[] = [generalist, research, studio].map(template);
