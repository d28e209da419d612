"""Daily audits as they are kept, in the control table: the finished runs in one row, findings in sheets."""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.domain.audit.runs import AuditRun, KeptFinding
from chalicelib.models.base import DataAttribute

_FINISHED = "audits"


class AuditRow(Table):
    class Meta:
        table_name = TableName("control_table")

    id = UnicodeAttribute(hash_key=True)
    runs = DataAttribute[tuple[AuditRun, ...]](tuple[AuditRun, ...], null=True)
    findings = DataAttribute[tuple[KeptFinding, ...]](tuple[KeptFinding, ...], null=True)
    expires_at = NumberAttribute(null=True)
    """When DynamoDB may delete the row, in Unix seconds. No rule depends on it."""


def finished() -> tuple[AuditRun, ...]:
    """The finished runs, the latest first."""
    row = _get(_FINISHED)
    return row.runs or () if row else ()


def put_finished(runs: Sequence[AuditRun]) -> None:
    """Store the finished runs."""
    AuditRow(_FINISHED, runs=tuple(runs)).save()


def sheet(run_id: str, number: int) -> tuple[KeptFinding, ...]:
    """A sheet of a run's findings, by number from 0; empty if there is none, or not any more."""
    row = _get(_sheet_id(run_id, number))
    return row.findings or () if row else ()


def put_sheet(run_id: str, number: int, findings: Sequence[KeptFinding], *, until: datetime) -> None:
    """Store a sheet of findings until then."""
    AuditRow(_sheet_id(run_id, number), findings=tuple(findings), expires_at=int(until.timestamp())).save()


def _sheet_id(run_id: str, number: int) -> str:
    return f"audit#{run_id}#{number}"


def _get(row_id: str) -> AuditRow | None:
    try:
        return AuditRow.get(row_id, consistent_read=True)
    except AuditRow.DoesNotExist:
        return None
