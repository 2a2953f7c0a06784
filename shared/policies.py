"""Row-level security: the five policies a table can have, as helpers for migrations.

A model declares its policy (`__table_args__ = {"info": {"policy": "own"}}`), its migration calls `protect(...)` with
the same word, and a test compares both with pg_catalog. Security is forced, so even the owner of a table is under it;
the owner (migrations) and the system role (workers) get a policy that lets them see every row, because without the
owner's a data migration would change no row and say nothing (measured).

    own            rows of the caller: `user_id` is `app.user_id`
    own_or_public  the same, and anybody reads rows whose boolean column is true
    member         rows that a membership table links to the caller
    common         everybody reads, an administrator (`app.role`) writes
    internal       the system role alone

`admin=True` on `protect` (and `"admin": True` beside the policy in the model) opens a table to administrators besides.
"""

from typing import Final

from alembic import op

OWN: Final = "own"
OWN_OR_PUBLIC: Final = "own_or_public"
MEMBER: Final = "member"
COMMON: Final = "common"
INTERNAL: Final = "internal"
KINDS = frozenset({OWN, OWN_OR_PUBLIC, MEMBER, COMMON, INTERNAL})

# In a sub-select Postgres asks once a statement, not once a row.
CALLER = "(SELECT nullif(current_setting('app.user_id', true), '')::uuid)"
IS_ADMIN = "(SELECT current_setting('app.role', true) = 'admin')"


def protect(
    table: str,
    kind: str,
    *,
    user_column: str = "user_id",
    public_column: str = "is_public",
    membership: str = "",
    member_key: str = "",
    row_key: str = "id",
    admin: bool = False,
) -> None:
    """Turn on forced row-level security for `table`, in the schema that is being migrated.

    For `member`, `membership` is the table whose `member_key` equals this table's `row_key` and whose `user_column` is
    the caller. Raises ValueError for a kind that does not exist.
    """
    service = _service()
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for role in (f"{service}_owner", f"{service}_system"):
        op.execute(f"CREATE POLICY {role} ON {table} TO {role} USING (true) WITH CHECK (true)")
    if admin:
        _policy(table, "admin", service, using=IS_ADMIN)
    mine = f"{user_column} = {CALLER}"
    match kind:
        case "own":
            _policy(table, kind, service, using=mine)
        case "own_or_public":
            _policy(table, kind, service, using=mine)
            op.execute(f"CREATE POLICY public ON {table} FOR SELECT TO {service} USING ({public_column})")
        case "member":
            linked = (
                f"EXISTS (SELECT FROM {membership} m WHERE m.{member_key} = {table}.{row_key} AND m.{user_column} = {CALLER})"
            )
            _policy(table, kind, service, using=linked)
        case "common":
            op.execute(f"CREATE POLICY common ON {table} FOR SELECT TO {service} USING (true)")
            _policy(table, "admin", service, using=IS_ADMIN)
        case "internal":
            pass  # no policy for the web role: it sees nothing
        case _:
            raise ValueError(f"{kind} is not one of {sorted(KINDS)}")


def definer(name: str, arguments: str, returns: str, body: str, *, language: str = "sql") -> None:
    """A `SECURITY DEFINER` function of the owner, for one look-up by secret before the caller is known.

    It runs with a fixed search_path and may be called by the service's own roles only. `body` is one SQL statement, or in
    `plpgsql` a block, whose plans each connection keeps.
    """
    service = _service()
    op.execute(
        f"CREATE FUNCTION {name}({arguments}) RETURNS {returns} LANGUAGE {language} VOLATILE SECURITY DEFINER "
        f"SET search_path = {service}, pg_temp AS $body$ {body} $body$"
    )
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {service}, {service}_system")


def _policy(table: str, name: str, service: str, using: str) -> None:
    op.execute(f"CREATE POLICY {name} ON {table} TO {service} USING ({using}) WITH CHECK ({using})")


def _service() -> str:
    """The service whose schema is being migrated: the runner puts it in the context's options."""
    service = op.get_context().opts["service"]
    assert isinstance(service, str)
    return service
