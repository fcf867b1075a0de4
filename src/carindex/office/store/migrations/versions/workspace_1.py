"""Uploads and jobs of organisations."""

import sqlalchemy as sa
from alembic import op

from carindex.office.store.columns import Document, Moment, Packed

revision = "workspace_1"
down_revision = "store_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "workspace_upload",
        sa.Column("key", sa.String(26), nullable=False),
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("organisation", sa.String(26), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("files", Document, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40)),
        sa.Column("finding", Document),
        sa.Column("begun", Moment, nullable=False),
        sa.Column("ended", Moment),
        sa.PrimaryKeyConstraint("key", name="pk_workspace_upload"),
        *_links("workspace_upload", "person", "organisation"),
    )
    for column in ("person", "organisation"):
        op.create_index(f"ix_workspace_upload_{column}", "workspace_upload", [column])
    op.create_table(
        "workspace_job",
        sa.Column("key", sa.String(26), nullable=False),
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("organisation", sa.String(26), nullable=False),
        sa.Column("upload", sa.String(26)),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("settings", Document, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("asked", Moment, nullable=False),
        sa.Column("begun", Moment),
        sa.Column("ended", Moment),
        sa.Column("finding", Document),
        sa.Column("result", Packed),
        sa.PrimaryKeyConstraint("key", name="pk_workspace_job"),
        *_links("workspace_job", "person", "organisation"),
        sa.ForeignKeyConstraint(
            ["upload"], ["workspace_upload.key"], name="fk_workspace_job_upload", ondelete="RESTRICT"
        ),
    )
    for column in ("person", "organisation", "upload", "state"):
        op.create_index(f"ix_workspace_job_{column}", "workspace_job", [column])


def _links(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{column}.key"], name=f"fk_{table}_{column}", ondelete="RESTRICT")
        for column in columns
    ]
