"""What an operator may set of accounts and sign-ins."""

from pydantic import Field

import shared.config


class Settings(shared.config.Settings):
    """The settings of auth. `API_RATE_LIMIT_...` and the like are in the parent."""

    refresh_grace_seconds: int = Field(default=60, ge=0, le=300)  # 300: what Ory Hydra allows at most
    sign_in_idle_days: int = Field(default=30, ge=1)
    sign_in_max_days: int = Field(default=180, ge=1)
    sign_ins_per_user: int = Field(default=20, ge=1)  # more end the one that was not used for longest
    sign_in_failures_per_account: int = Field(default=10, ge=1)
    sign_in_failures_per_address: int = Field(default=60, ge=1)
    sign_in_window_seconds: int = Field(default=300, ge=1)
