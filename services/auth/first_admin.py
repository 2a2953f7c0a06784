"""`python -m services.auth.first_admin`: print a token that makes the first administrator, where there is none yet.

It takes the settings of auth's worker. The token goes to standard output alone, and is good once and for a quarter of an hour.
"""

import sys

from services.auth import administrators
from services.auth.settings import Settings
from shared.db import engine_of, transaction

SHOWN = """\
There is no administrator yet. Within {minutes} minutes, once, whoever is signed in becomes it with
  curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
       -d '{{"token": "{token}"}}' {url}/api/auth/first-admin
"""


def main() -> None:
    """Print how to become the first administrator; where there is one, say so on standard error alone."""
    settings = Settings.load()
    with transaction(engine_of(settings)) as db:
        token = administrators.invite_first(db)
    if token is None:
        sys.stderr.write("There is an administrator already.\n")
        return
    minutes, url = administrators.FIRST_ADMIN_SECONDS // 60, settings.public_url.rstrip("/")
    sys.stdout.write(SHOWN.format(minutes=minutes, token=token, url=url))


if __name__ == "__main__":
    main()
