"""The settings of the sessions service."""

from pydantic import Field

from shared import config

MIB = 1024 * 1024


class Settings(config.Settings):
    """What sessions reads besides what every service reads."""

    max_recording_bytes: int = Field(default=64 * MIB, ge=1, le=256 * MIB)
    recordings_at_once: int = Field(default=2, ge=1, le=64)  # large bodies in memory; each takes about five times its recording
    chunk_seconds: int = Field(default=30, ge=1, le=600)  # of practice that a crash may lose: how often an app sends a chunk
    running_idle_minutes: int = Field(default=10, ge=1, le=1440)  # without a chunk, after which a session is saved as it is
    analyses_at_once: int = Field(default=1, ge=1, le=64)  # of everybody's; each keeps a core busy and takes up to 1 GiB
    analyze_without_sign_in: bool = False  # 10 a day from one address; nothing of them is kept
    slowest_bytes_per_second: int = Field(default=16 * 1024, ge=1)
    patience_seconds: float = Field(default=30, gt=0)  # how long a body may be slower than that
