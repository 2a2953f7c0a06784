"""What media reads of its environment."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared import config

MIB = 1024 * 1024
GIB = 1024 * MIB


class Settings(config.Settings):
    """Where the objects are, and how much of everything there may be."""

    s3_endpoint: str
    s3_access_key: SecretStr
    s3_secret_key: SecretStr
    s3_region: str = "us-east-1"
    storage_bucket: str = "tutti"
    recordings_bucket: str = "harmony-helper-recordings"  # seed 001
    max_file_bytes: int = Field(default=200 * MIB, ge=1)  # of one upload request, all its files together
    max_recording_bytes: int = Field(default=64 * MIB, ge=1)
    quota_bytes: int = Field(default=GIB, ge=0)  # of one user
    max_picture_bytes: int = Field(default=10 * MIB, ge=1)
    upload_hours: int = Field(default=24, ge=1, le=720)  # that a resumable upload may rest
    rendition_bytes: int = Field(default=2 * GIB, ge=0)  # of everybody's files in other formats, kept in the store
    cache_bytes: int = Field(default=GIB, ge=0)  # of local copies of hot objects; 0 keeps none
    playable_seconds: int = Field(default=12 * 3600, ge=60, le=86_400)
    slowest_bytes_per_second: int = Field(default=16 * 1024, ge=1)
    patience_seconds: float = Field(default=30, gt=0)  # how long a body may be slower than that

    @property
    def cache_folder(self) -> Path:
        """Where the web process keeps local copies; the worker of the same machine removes deleted ones from it."""
        return self.data_dir / "cache"
