// Prepared runs, and workflows to begin from. A scenario brings its files; they are uploaded when the library has none of that name.
import audit from '../../../../examples/scenarios/financial_audit.json';
import recon from '../../../../examples/scenarios/competitor_recon.json';
import refactor from '../../../../examples/scenarios/legacy_refactor.json';
import financials from '../../../../examples/financials_Q4.csv?url';
import legacy from '../../../../examples/legacy_script.py?url';
import notes from '../../../../examples/palmer_station.txt?url';
import penguins from '../../../../examples/penguins.csv?url';
import telemetry from '../../../../examples/raw_telemetry_dump.csv?url';
import { agent, fromWorkflow, type Graph } from './graph';
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

export const TEMPLATES: Template[] = [
  {
    name: 'Generalist',
    words: 'One agent with every tool.',
    graph: {
      id: 'generalist',
      name: 'Generalist',
      agents: [
        agent('master_generalist', {
          role: 'orchestrator',
          accepts_directive: true,
          prompt: 'Do what the directive asks.'
        })
      ]
    }
  },
  {
    name: 'Deep research',
    words: 'Two look from two sides, one merges.',
    graph: {
      id: 'deep_research',
      name: 'Deep research',
      agents: [
        agent('analyze_broad', {
          accepts_directive: true,
          prompt: 'Survey all the inputs: what is there, what stands out.'
        }),
        agent('analyze_deep', {
          model: 'reasoning',
          accepts_directive: true,
          prompt: 'Answer the directive in depth, with figures.'
        }),
        agent('writer_report', {
          depends_on: ['analyze_broad', 'analyze_deep'],
          accepts_directive: true,
          prompt: 'Merge both into one report. Say where they differ.'
        })
      ]
    }
  },
  {
    name: 'Dev studio',
    words: 'Review, write, document.',
    graph: {
      id: 'dev_studio',
      name: 'Dev studio',
      agents: [
        agent('analyze_code', {
          accepts_directive: true,
          prompt: 'Read the code and list what matters for the directive.'
        }),
        agent('coder_change', {
          depends_on: ['analyze_code'],
          accepts_directive: true,
          prompt: 'Write the change, and run it.'
        }),
        agent('writer_notes', {
          depends_on: ['coder_change'],
          prompt: 'Write down what was changed and why.'
        })
      ]
    }
  }
];
