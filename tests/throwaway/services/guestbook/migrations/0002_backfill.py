"""A data migration over a protected table: it must see every row, although row-level security is forced on the owner too."""

from alembic import op

revision = "guestbook_0002"
down_revision = "guestbook_0001"


def upgrade() -> None:
    op.execute("UPDATE entries SET words = words || ' (old hand)'")
