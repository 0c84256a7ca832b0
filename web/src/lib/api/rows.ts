// Names for the generated types, so that components need not spell out their paths.
import type { components } from './types';

type Schemas = components['schemas'];
/** `erased`: of the past, and its bytes are gone since. */
export type LibraryRow = Schemas['PastLibraryRow'];
export type LibraryVersion = Schemas['LibraryVersion'];
export type ArtifactRow = Schemas['PastArtifactRow'];
export type ArtifactVersion = Schemas['ArtifactVersion'];
export type RunRow = Schemas['RunRow'];
export type RunState = Schemas['RunState'];
export type RunStatus = RunRow['status'];
export type AgentState = Schemas['AgentState'];
export type AgentBrief = Schemas['AgentBrief'];
export type AgentSpec = Schemas['AgentSpec'];
export type Workflow = Schemas['WorkflowConfig'];
export type ApprovalRow = Schemas['ApprovalRow'];
export type PolicyState = Schemas['PolicyState'];
export type RuleRow = Schemas['RuleRow'];
export type RuleFault = Schemas['FaultRow'];
export type ProposalRow = Schemas['ProposalRow'];
export type RuleChange = Schemas['ChangeRow'];
export type EventRow = Schemas['EventRow'];
export type Verified = Schemas['VerifyAnswer'];
export type LinkedEvent = Schemas['LinkedEvent'];
export type EventCausation = Schemas['EventCausation'];
export type ReportRow = Schemas['ReportRow'];
export type ReportAnswer = Schemas['ReportAnswer'];
export type SqlAnswer = Schemas['SqlAnswer'];
export type TableRow = Schemas['TableRow'];
export type ArtifactLineage = Schemas['ArtifactLineage'];
export type LibraryLineage = Schemas['LibraryLineage'];
export type LineageNode = Schemas['LineageNode'];
export type LineageEdge = Schemas['LineageEdge'];
export type Keeper = Schemas['Keeper'];
export type Kept = Schemas['Kept'];
export type UploadResult = Schemas['UploadResult'];
export type Problem = Schemas['Problem'];
