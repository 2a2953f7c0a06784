"""`python -m services.auth.first_admin`: print a token that makes the first administrator, where there is none yet.

It takes the settings of auth's worker. The token goes to standard output alone, and is good once and for a quarter of an hour.
"""

import sys

from services.auth import administrators
from services.auth.settings import Settings
from shared.db import engine_of, transaction


def main() -> None:
    """Print a token, or nothing where there is an administrator; then standard error says so."""
    engine = engine_of(Settings.load())
    with transaction(engine) as db:
        token = administrators.invite_first(db)
    sys.stdout.write(f"{token}\n" if token else "")
    sys.stderr.write("" if token else "There is an administrator already.\n")


if __name__ == "__main__":
    main()
