"""Everything of an account that an app shows its owner in one piece."""

from typing import Any
from uuid import UUID

from services.auth import leaving, onboarding, profiles
from services.auth.world import World
from shared.db import transaction


def of(world: World, *, user_id: UUID) -> dict[str, Any]:
    """Account and profile, whether the questions for newcomers are answered, and the deletion that waits, if any.

    Raises NotFound.
    """
    with transaction(world.engine, user_id=user_id) as db:
        profile = profiles.get(db, user_id=user_id)
        deletion = leaving.pending(db, user_id=user_id)
        answered = onboarding.is_completed(db, user_id=user_id)
    return profile | {"onboarding_completed": answered, "pending_account_deletion": deletion}
