"""Proposals, rounds, anonymous answers, adopted editions."""

import sqlalchemy as sa
from alembic import op

from carindex.office.store.columns import Day, Document, Moment, Packed

revision = "consensus_1"
down_revision = "store_1"
branch_labels = None
depends_on = None

_KEY = sa.String(26)
_DIGEST = sa.String(64)


def _link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{target}.key"], name=name, ondelete="RESTRICT")


def upgrade() -> None:
    """Make the tables of consensus."""
    op.create_table(
        "proposal",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("title", Document, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("protocol", sa.Text, nullable=False),
        sa.Column("protocol_hash", _DIGEST, nullable=False),
        sa.Column("files", Packed, nullable=False),
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("criteria_name", sa.Text, nullable=False),
        sa.Column("criteria", Document, nullable=False),
        sa.Column("statements", Document, nullable=False),
        sa.Column("things", Document, nullable=False),
        sa.Column("proposer", _KEY),
        sa.Column("proposed_at", Moment, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("impact", Packed),
        sa.Column("impact_of", _DIGEST),
        sa.Column("secret", _DIGEST),
        sa.PrimaryKeyConstraint("key", name="pk_proposal"),
        _link("proposal", "proposer", "person"),
    )
    op.create_index("ix_proposal_proposer", "proposal", ["proposer"])
    op.create_index("ix_proposal_state", "proposal", ["state"])
    op.create_table(
        "proposal_member",
        sa.Column("proposal", _KEY, nullable=False),
        sa.Column("person", _KEY, nullable=False),
        sa.PrimaryKeyConstraint("proposal", "person", name="pk_proposal_member"),
        _link("proposal_member", "proposal", "proposal"),
        _link("proposal_member", "person", "person"),
    )
    op.create_index("ix_proposal_member_person", "proposal_member", ["person"])
    op.create_table(
        "consensus_round",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("proposal", _KEY, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("closes_at", Moment, nullable=False),
        sa.Column("closed_at", Moment),
        sa.Column("result", Document),
        sa.PrimaryKeyConstraint("key", name="pk_consensus_round"),
        sa.UniqueConstraint("proposal", "number", name="uq_consensus_round_proposal_number"),
        _link("consensus_round", "proposal", "proposal"),
    )
    op.create_index("ix_consensus_round_proposal", "consensus_round", ["proposal"])
    op.create_table(
        "consensus_answered",
        sa.Column("round", _KEY, nullable=False),
        sa.Column("person", _KEY, nullable=False),
        sa.PrimaryKeyConstraint("round", "person", name="pk_consensus_answered"),
        _link("consensus_answered", "round", "consensus_round"),
        _link("consensus_answered", "person", "person"),
    )
    op.create_index("ix_consensus_answered_person", "consensus_answered", ["person"])
    op.create_table(
        "consensus_answer",
        sa.Column("round", _KEY, nullable=False),
        sa.Column("pseudonym", _DIGEST, nullable=False),
        sa.Column("ratings", Document, nullable=False),
        sa.Column("comparisons", Document, nullable=False),
        sa.Column("remarks", Document, nullable=False),
        sa.PrimaryKeyConstraint("round", "pseudonym", name="pk_consensus_answer"),
        _link("consensus_answer", "round", "consensus_round"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "edition",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("proposal", _KEY, nullable=False),
        sa.Column("extends", sa.Text, nullable=False),
        sa.Column("programme", sa.String(80), nullable=False),
        sa.Column("valid_from", Day, nullable=False),
        sa.Column("valid_to", Day),
        sa.Column("adopted_at", Moment, nullable=False),
        sa.Column("files", Packed, nullable=False),
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("protocol_hash", _DIGEST, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_edition"),
        sa.UniqueConstraint("name", name="uq_edition_name"),
        sa.UniqueConstraint("proposal", name="uq_edition_proposal"),
        _link("edition", "proposal", "proposal"),
        sa.CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="ck_edition_validity"),
    )
    op.create_index("ix_edition_programme", "edition", ["programme"])
