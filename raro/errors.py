"""Every error a person can cause or meet, with a stable code and an HTTP status.

    RaroError                     500 internal
    ├── BadRequest                400 bad_request
    │   ├── BadClientId           400 bad_client_id
    │   ├── BadCursor             400 bad_cursor
    │   └── BadMoment             400 bad_moment
    ├── NotFound                  404 not_found
    │   ├── FileNotFound          404 file_not_found
    │   ├── RunNotFound           404 run_not_found
    │   ├── AgentNotFound         404 agent_not_found
    │   ├── ApprovalNotFound      404 approval_not_found
    │   ├── RuleNotFound          404 rule_not_found
    │   ├── ProposalNotFound      404 proposal_not_found
    │   ├── ArtifactNotFound      404 artifact_not_found
    │   ├── ReportNotFound        404 report_not_found
    │   ├── EventNotFound         404 event_not_found
    │   └── OutputNotFound        404 output_not_found
    ├── Conflict                  409 conflict
    │   ├── WrongState            409 wrong_state
    │   ├── NameTaken             409 name_taken
    │   ├── GraceOver             409 grace_over
    │   ├── ModelNeeded           409 model_needed
    │   └── TooMuchContention     409 too_much_contention
    ├── Gone                      410 gone
    │   └── BytesErased           410 bytes_erased
    ├── TooLarge                  413 too_large
    │   └── SqlTooLarge           413 sql_too_large
    ├── RangeNotSatisfiable       416 range_not_satisfiable
    ├── Unprocessable             422 unprocessable
    │   ├── BadName               422 bad_name
    │   ├── BadDecision           422 bad_decision
    │   ├── BadRules              422 bad_rules
    │   ├── NoRuleMade            422 no_rule_made
    │   ├── GraphRefused          422 graph_refused
    │   ├── PlanRefused           422 plan_refused
    │   ├── SqlRefused            422 sql_refused
    │   ├── SqlError              422 sql_error
    │   ├── SqlTimeout            422 sql_timeout
    │   ├── MomentAhead           422 moment_ahead
    │   ├── BadWorkflow           422 bad_workflow
    │   │   ├── CyclicWorkflow    422 cyclic_workflow
    │   │   └── UnknownDependency 422 unknown_dependency
    │   └── KeyReused             422 idempotency_key_reused
    ├── Unavailable               503 unavailable
    │   ├── LogUnavailable        503 log_unavailable
    │   ├── ViewsUnavailable      503 views_unavailable
    │   ├── SandboxUnavailable    503 sandbox_unavailable
    │   ├── ModelUnavailable      503 model_unavailable
    │   ├── SqlBusy               429 sql_busy
    │   ├── ReplayBusy            429 replay_busy
    │   ├── ReplayPreparing       503 replay_preparing
    │   ├── ServerUnreachable     503 server_unreachable
    │   └── BadAnswer             503 bad_answer
    ├── StorageFault              507 storage_fault
    │   ├── StorageFull           507 storage_full
    │   ├── BlobMissing           500 blob_missing
    │   ├── BlobCorrupt           500 blob_corrupt
    │   ├── TransferDamaged       500 transfer_damaged
    │   └── BadBackup             500 bad_backup
    ├── UnsafeFile                422 unsafe_file
    ├── LogDamaged                500 log_damaged
    ├── ArchiveDamaged            500 archive_damaged
    ├── AuditDamaged              500 audit_damaged
    ├── StorageInUse              409 storage_in_use
    ├── StorageNotEmpty           409 storage_not_empty
    └── StartFailed               500 start_failed

A message names what was wrong, with the value, and says what to do. `detail` fields go into
the problem+json answer beside it (RFC 9457), so a program need not parse the sentence.
"""

from __future__ import annotations

from typing import ClassVar


class RaroError(Exception):
    """The root: `code` never changes once released, `status` is the HTTP status it becomes."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **detail: object) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class BadRequest(RaroError):
    """The request itself cannot be understood."""

    code = "bad_request"
    status = 400


class BadClientId(BadRequest):
    """The client header is empty or malformed."""

    code = "bad_client_id"


class BadCursor(BadRequest):
    """A paging or stream cursor does not parse."""

    code = "bad_cursor"


class BadMoment(BadRequest):
    """A point of the log is neither a sequence nor an RFC 3339 time."""

    code = "bad_moment"


class NotFound(RaroError):
    """Nothing of that name belongs to this client."""

    code = "not_found"
    status = 404


class FileNotFound(NotFound):
    """No such library file (or version of it)."""

    code = "file_not_found"


class RunNotFound(NotFound):
    """No such run."""

    code = "run_not_found"


class AgentNotFound(NotFound):
    """The run has no such agent."""

    code = "agent_not_found"


class ApprovalNotFound(NotFound):
    """The run asked for no such approval."""

    code = "approval_not_found"


class RuleNotFound(NotFound):
    """There is no rule of this id."""

    code = "rule_not_found"


class ProposalNotFound(NotFound):
    """No rule was proposed under this id."""

    code = "proposal_not_found"


class ArtifactNotFound(NotFound):
    """The run has no such artifact."""

    code = "artifact_not_found"


class ReportNotFound(NotFound):
    """There is no ready report of this name."""

    code = "report_not_found"


class EventNotFound(NotFound):
    """The log has no such event of this client."""

    code = "event_not_found"


class OutputNotFound(NotFound):
    """The agent has no output yet, or the session no such file."""

    code = "output_not_found"


class Conflict(RaroError):
    """The thing exists, and its state does not allow the command."""

    code = "conflict"
    status = 409


class WrongState(Conflict):
    """The command does not fit the current state."""

    code = "wrong_state"


class NameTaken(Conflict):
    """Another thing has that name already."""

    code = "name_taken"


class GraceOver(Conflict):
    """The time within which a deletion can be undone has passed."""

    code = "grace_over"


class ModelNeeded(Conflict):
    """The command takes a language model, and no key for one is set."""

    code = "model_needed"


class TooMuchContention(Conflict):
    """Other writers won every retry."""

    code = "too_much_contention"


class Gone(RaroError):
    """It existed, its record stays, its bytes do not."""

    code = "gone"
    status = 410


class BytesErased(Gone):
    """The bytes were erased after the grace period."""

    code = "bytes_erased"


class TooLarge(RaroError):
    """A body or file is over its limit."""

    code = "too_large"
    status = 413


class SqlTooLarge(TooLarge):
    """A query takes more memory, or a result more room, than it may have."""

    code = "sql_too_large"


class RangeNotSatisfiable(RaroError):
    """The bytes that were asked for lie behind the file's end."""

    code = "range_not_satisfiable"
    status = 416


class Unprocessable(RaroError):
    """Well-formed, but not acceptable."""

    code = "unprocessable"
    status = 422


class BadName(Unprocessable):
    """A file name or path breaks the naming rules."""

    code = "bad_name"


class BadDecision(Unprocessable):
    """The approval does not offer this decision."""

    code = "bad_decision"


class BadRules(Unprocessable):
    """Rules have mistakes; `faults` lists each with its line. Those that were in force stay in force."""

    code = "bad_rules"


class NoRuleMade(Unprocessable):
    """A language model made no rule of a sentence that can be taken; `toml` and `faults` show what it made."""

    code = "no_rule_made"


class PlanRefused(Unprocessable):
    """A language model made no plan that can run; `reason` says why."""

    code = "plan_refused"


class SqlRefused(Unprocessable):
    """SQL that is not one SELECT, or that reaches for more than the client's own rows."""

    code = "sql_refused"


class SqlError(Unprocessable):
    """SQL that DuckDB does not understand or cannot carry out; the message is DuckDB's."""

    code = "sql_error"


class SqlTimeout(Unprocessable):
    """SQL that did not end in the time it may take."""

    code = "sql_timeout"


class MomentAhead(Unprocessable):
    """The log has not come to this point yet."""

    code = "moment_ahead"


class GraphRefused(Unprocessable):
    """A change of a run's graph is not granted; the detail `reason` is a stable code that the agent is told."""

    code = "graph_refused"

    @property
    def reason_code(self) -> str:
        """Why, for programs."""
        return str(self.detail.get("reason", self.code))


class BadWorkflow(Unprocessable):
    """The workflow cannot be run as it stands."""

    code = "bad_workflow"


class CyclicWorkflow(BadWorkflow):
    """The agents' dependencies form a circle."""

    code = "cyclic_workflow"


class UnknownDependency(BadWorkflow):
    """An agent depends on one that is not in the workflow."""

    code = "unknown_dependency"


class KeyReused(Unprocessable):
    """An Idempotency-Key came again with another body."""

    code = "idempotency_key_reused"


class UnsafeFile(Unprocessable):
    """A path leads outside its root, or to something that is not a plain single-linked file."""

    code = "unsafe_file"


class Unavailable(RaroError):
    """A part the command needs is away; the command was not carried out, or its outcome is told."""

    code = "unavailable"
    status = 503


class LogUnavailable(Unavailable):
    """The event log does not answer."""

    code = "log_unavailable"


class ViewsUnavailable(Unavailable):
    """The projections are not caught up in time."""

    code = "views_unavailable"


class SandboxUnavailable(Unavailable):
    """No sandbox tier holds on this machine."""

    code = "sandbox_unavailable"


class ModelUnavailable(Unavailable):
    """The language model gives no answer now."""

    code = "model_unavailable"


class SqlBusy(Unavailable):
    """Too many queries wait already."""

    code = "sql_busy"
    status = 429


class ReplayBusy(Unavailable):
    """Too many look at the past already."""

    code = "replay_busy"
    status = 429


class ReplayPreparing(Unavailable):
    """The snapshots that make a point of the past quick to reach are still being made."""

    code = "replay_preparing"


class ServerUnreachable(Unavailable):
    """No RARO server answers at the address a client was given, or not in time."""

    code = "server_unreachable"


class BadAnswer(Unavailable):
    """Something answers at that address, but not as a RARO server does."""

    code = "bad_answer"


class StorageFault(RaroError):
    """The storage folder did not do its part."""

    code = "storage_fault"
    status = 507


class StorageFull(StorageFault):
    """No space is left; nothing was recorded."""

    code = "storage_full"


class BlobMissing(StorageFault):
    """The log names bytes that are not on disk."""

    code = "blob_missing"
    status = 500


class BlobCorrupt(StorageFault):
    """The bytes on disk do not have the hash of their name."""

    code = "blob_corrupt"
    status = 500


class TransferDamaged(StorageFault):
    """The bytes that arrived do not have the hash that the server named."""

    code = "transfer_damaged"
    status = 500


class BadBackup(StorageFault):
    """A backup is cut off, damaged, or none of RARO's; nothing of it was put in place."""

    code = "bad_backup"
    status = 500


class LogDamaged(RaroError):
    """The log is not the one the cursor was written for."""

    code = "log_damaged"


class ArchiveDamaged(RaroError):
    """The archive is not as it was written; the log is not concerned."""

    code = "archive_damaged"


class AuditDamaged(RaroError):
    """The log, or what was sealed of it, is not as it was: nothing is signed before somebody looked."""

    code = "audit_damaged"


class StorageInUse(RaroError):
    """Another process holds this storage folder."""

    code = "storage_in_use"
    status = 409


class StorageNotEmpty(RaroError):
    """A backup goes into an empty folder only."""

    code = "storage_not_empty"
    status = 409


class StartFailed(RaroError):
    """A part of the machine did not come up."""

    code = "start_failed"
