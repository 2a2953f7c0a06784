"""Alembic's entry, the same for every service: `shared.migrations` hands it an open connection and the service's name."""

from alembic import context

from shared import migrations

connection = context.config.attributes["connection"]
service = context.config.attributes["service"]
context.configure(
    connection=connection,
    target_metadata=migrations.metadata_of(service),
    include_object=migrations.is_ours,
    compare_server_default=False,
    service=service,
)
with context.begin_transaction():
    context.run_migrations()
