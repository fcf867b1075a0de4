"""Records of alignment."""

import sqlalchemy as sa
from alembic import op

from carindex.office.store.columns import Day, Document, Moment

revision = "records_1"
down_revision = "store_1"
branch_labels = None
depends_on = None

_KEY = sa.String(26)
_CODE = sa.String(40)


def _link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{target}.key"], name=name, ondelete="RESTRICT")


def _validity(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name=f"ck_{table}_validity")


def upgrade() -> None:
    """Make the tables of the records of alignment."""
    op.create_table(
        "accreditation",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("laboratory", _KEY, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("standard", sa.Text, nullable=False),
        sa.Column("certificate", sa.Text, nullable=False),
        sa.Column("tests", Document, nullable=False),
        sa.Column("valid_from", Day, nullable=False),
        sa.Column("valid_to", Day),
        sa.Column("suspended_from", Day),
        sa.Column("suspended_why", sa.Text),
        sa.Column("files", Document, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_accreditation"),
        _link("accreditation", "laboratory", "organisation"),
        _validity("accreditation"),
    )
    op.create_index("ix_accreditation_laboratory", "accreditation", ["laboratory"])
    op.create_table(
        "equivalence_verdict",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("part", _CODE, nullable=False),
        sa.Column("entry", Document, nullable=False),
        sa.Column("evidence_from", _KEY),
        sa.Column("files", Document, nullable=False),
        sa.Column("needed", sa.Integer, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("ended_why", sa.Text),
        sa.PrimaryKeyConstraint("key", name="pk_equivalence_verdict"),
        _link("equivalence_verdict", "evidence_from", "organisation"),
    )
    for column in ("evidence_from", "state"):
        op.create_index(f"ix_equivalence_verdict_{column}", "equivalence_verdict", [column])
    op.create_table(
        "equivalence_signature",
        sa.Column("verdict", _KEY, nullable=False),
        sa.Column("person", _KEY, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("verdict", "person", name="pk_equivalence_signature"),
        _link("equivalence_signature", "verdict", "equivalence_verdict"),
        _link("equivalence_signature", "person", "person"),
    )
    op.create_index("ix_equivalence_signature_person", "equivalence_signature", ["person"])
    op.create_table(
        "agreement",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("title", Document, nullable=False),
        sa.Column("scope", Document, nullable=False),
        sa.Column("parties", Document, nullable=False),
        sa.Column("verdicts", Document, nullable=False),
        sa.Column("valid_from", Day, nullable=False),
        sa.Column("valid_to", Day),
        sa.Column("files", Document, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_agreement"),
        _validity("agreement"),
    )
    op.create_table(
        "working_group",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("name", Document, nullable=False),
        sa.Column("mandate", Document, nullable=False),
        sa.Column("organisations", Document, nullable=False),
        sa.Column("people", Document, nullable=False),
        sa.Column("ended", Day),
        sa.PrimaryKeyConstraint("key", name="pk_working_group"),
    )
    op.create_table(
        "meeting",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("title", Document, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("starts", Moment, nullable=False),
        sa.Column("ends", Moment, nullable=False),
        sa.Column("group", _KEY),
        sa.Column("agenda", Document, nullable=False),
        sa.Column("files", Document, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meeting"),
        _link("meeting", "group", "working_group"),
        sa.CheckConstraint("starts <= ends", name="ck_meeting_order"),
    )
    for column in ("starts", "group"):
        op.create_index(f"ix_meeting_{column}", "meeting", [column])
    op.create_table(
        "paper",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("title", Document, nullable=False),
        sa.Column("citation", sa.Text, nullable=False),
        sa.Column("identifier", sa.String(200)),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("data", Document, nullable=False),
        sa.Column("figures", Document, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_paper"),
        sa.UniqueConstraint("identifier", name="uq_paper_identifier"),
    )
