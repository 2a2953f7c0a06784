"""The library: catalogue, listening, playlists, links and audiences, pictures, resumable uploads, renditions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared import policies

revision = "media_0002"
down_revision = "media_0001"

OWN = (
    "annotations",
    "artists",
    "media",
    "play_queues",
    "search_words",
    "share_links",
    "uploads",
    "albums",
    "upload_parts",
    "bookmarks",
    "credits",
    "file_genres",
    "now_playing",
    "playlist_tracks",
    "plays",
    "renditions",
    "waveforms",
)
# What each kind of statement adds to the counts, from its transition tables.
CHANGES = {
    "INSERT": ("NEW TABLE AS after", "SELECT *, 1 AS sign FROM after"),
    "DELETE": ("OLD TABLE AS before", "SELECT *, -1 AS sign FROM before"),
    "UPDATE": (
        "NEW TABLE AS after OLD TABLE AS before",
        "SELECT *, 1 AS sign FROM after UNION ALL SELECT *, -1 FROM before",
    ),
}
# Statements touch the counts in one order, so that two of them never wait for each other.
KEEP_COUNTS = """
    CREATE FUNCTION <name>() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        INSERT INTO media.file_counts (user_id, kind, state, files, bytes, seconds)
        SELECT user_id, kind, state, sum(sign), sum(sign * file_size), sum(sign * coalesce(duration, 0))
        FROM (<changes>) AS changes
        GROUP BY user_id, kind, state
        HAVING sum(sign) <> 0 OR sum(sign * file_size) <> 0 OR sum(sign * coalesce(duration, 0)) <> 0
        ORDER BY user_id, kind, state
        ON CONFLICT (user_id, kind, state) DO UPDATE SET
            files = file_counts.files + excluded.files,
            bytes = file_counts.bytes + excluded.bytes,
            seconds = file_counts.seconds + excluded.seconds;
        RETURN NULL;
    END
    $body$
"""
# Whose this is, where somebody else may read it: shown to an audience of theirs, in a public playlist, or an avatar.
OWNER_FOR_READER = """
    SELECT shown.user_id FROM audience_files shown JOIN audience_readers reading USING (audience_id)
    WHERE shown.file_id = wanted AND reading.user_id = reader
    UNION ALL
    SELECT entry.user_id FROM playlist_tracks entry JOIN playlists ON playlists.id = entry.playlist_id
    WHERE entry.file_id = wanted AND playlists.is_public
    UNION ALL
    SELECT user_id FROM media WHERE id = wanted AND purpose = 'avatar'
    LIMIT 1
"""
SET_READERS = """
    BEGIN
        DELETE FROM audience_readers WHERE audience_id = audience AND user_id <> ALL (readers);
        INSERT INTO audience_readers (audience_id, user_id) SELECT audience, unnest(readers) ON CONFLICT DO NOTHING;
    END
"""
# Of somebody's own files alone; whether it was.
SHOW_TO_AUDIENCE = """
    INSERT INTO audience_files (audience_id, file_id, user_id)
    SELECT audience, id, user_id FROM audio_files WHERE id = wanted AND user_id = owner AND state <> 'deleting'
    UNION ALL
    SELECT audience, id, user_id FROM media WHERE id = wanted AND user_id = owner
    ON CONFLICT (audience_id, file_id) DO UPDATE SET user_id = excluded.user_id
    RETURNING true
"""
HIDE_FROM_AUDIENCE = """
    DELETE FROM audience_files WHERE audience_id = audience AND file_id = wanted AND user_id = owner
"""
CLEAR_AUDIENCE = """
    BEGIN
        DELETE FROM audience_files WHERE audience_id = audience;
        DELETE FROM audience_readers WHERE audience_id = audience;
    END
"""
# The most played of what stands in public playlists, by everybody together.
PLAYS_OF_PUBLIC_TRACKS = """
    SELECT file.id, coalesce(file.title, file.filename), file.artist, file.album, file.duration, sum(heard.play_count),
           sum(heard.listened_seconds), count(*)
    FROM (
        SELECT DISTINCT entry.file_id FROM playlist_tracks entry JOIN playlists ON playlists.id = entry.playlist_id
        WHERE playlists.is_public
    ) AS shown
    JOIN audio_files file ON file.id = shown.file_id AND file.state = 'ready'
    JOIN annotations heard ON heard.target_id = file.id AND heard.target = 'track' AND heard.play_count > 0
    GROUP BY file.id ORDER BY 6 DESC, 1 LIMIT most
"""
# What everybody together makes of one track; who asks has been found to be a reader of it.
PLAYS_OF_TRACK = """
    SELECT coalesce(sum(play_count), 0), count(*) FILTER (WHERE play_count > 0), coalesce(sum(listened_seconds), 0),
           coalesce(sum(completed_count), 0), coalesce(sum(skip_count), 0), round(avg(rating), 2)::float, count(rating),
           count(starred_at)
    FROM annotations WHERE target_id = wanted AND target = 'track'
"""


def upgrade() -> None:
    instant = sa.TIMESTAMP(timezone=True)
    _count_by_state()
    op.create_table(
        "annotations",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.String(8), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("starred_at", instant),
        sa.Column("rating", sa.SmallInteger()),
        sa.Column("rated_at", instant),
        sa.Column("play_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("completed_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skip_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("listened_seconds", sa.Double(), server_default="0", nullable=False),
        sa.Column("played_at", instant),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="ck_annotations_rating"),
        sa.PrimaryKeyConstraint("user_id", "target", "target_id", name="pk_annotations"),
    )
    op.create_index(
        "ix_annotations_played",
        "annotations",
        ["user_id", "target", "play_count", "target_id"],
        postgresql_where=sa.text("play_count > 0"),
    )
    op.create_index(
        "ix_annotations_rated",
        "annotations",
        ["user_id", "target", "rating", "target_id"],
        postgresql_where=sa.text("rating IS NOT NULL"),
    )
    op.create_index(
        "ix_annotations_recent",
        "annotations",
        ["user_id", "target", "played_at", "target_id"],
        postgresql_where=sa.text("played_at IS NOT NULL"),
    )
    op.create_index(
        "ix_annotations_starred",
        "annotations",
        ["user_id", "target", "starred_at", "target_id"],
        postgresql_where=sa.text("starred_at IS NOT NULL"),
    )
    op.create_index("ix_annotations_target", "annotations", ["target_id"])
    op.create_table(
        "artists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sort_name", sa.String(255, collation="C"), nullable=False),
        sa.Column("album_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("song_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cover_file_id", sa.Uuid()),
        sa.Column("created_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_artists"),
    )
    op.create_index("ix_artists_names", "artists", ["user_id", "sort_name", "id"])
    op.create_table(
        "audience_files",
        sa.Column("audience_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("audience_id", "file_id", name="pk_audience_files"),
    )
    op.create_index("ix_audience_files_file_id", "audience_files", ["file_id"])
    op.create_index("ix_audience_files_user_id", "audience_files", ["user_id"])
    op.create_table(
        "audience_readers",
        sa.Column("audience_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("audience_id", "user_id", name="pk_audience_readers"),
    )
    op.create_index("ix_audience_readers_user_id", "audience_readers", ["user_id"])
    op.create_table(
        "media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("media_url", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("uploaded_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("bucket", sa.String(63), nullable=False),
        sa.Column("object_key", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("updated_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("purpose IN ('avatar', 'chat', 'cover')", name="ck_media_purpose"),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
    )
    op.create_index("ix_media_newest", "media", ["user_id", "uploaded_at", "id"])
    op.create_table(
        "play_queues",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("file_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("current_index", sa.Integer()),
        sa.Column("position_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("changed_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_by", sa.String(100), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_play_queues"),
    )
    op.create_table(
        "playlists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sort_name", sa.String(255, collation="C"), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("is_public", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("rules", postgresql.JSONB()),
        sa.Column("track_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("rules IS NULL OR NOT is_public", name="ck_playlists_rules"),
        sa.PrimaryKeyConstraint("id", name="pk_playlists"),
    )
    op.create_index("ix_playlists_newest", "playlists", ["user_id", "created_at", "id"])
    op.create_index("ix_playlists_public", "playlists", ["created_at", "id"], postgresql_where=sa.text("is_public"))
    op.create_index("ix_playlists_popular", "playlists", ["track_count", "id"], postgresql_where=sa.text("is_public"))
    op.create_table(
        "search_words",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("found", sa.String(8), nullable=False),
        sa.Column("place", sa.SmallInteger(), server_default=sa.text("3"), nullable=False),
        sa.Column("word", sa.String(64, collation="C"), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "found", "place", "word", "target_id", name="pk_search_words"),
    )
    op.create_index("ix_search_words_target", "search_words", ["user_id", "found", "target_id"])
    op.create_table(
        "share_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("shared", sa.String(16), nullable=False),
        sa.Column("target_id", sa.Uuid()),
        sa.Column("file_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("can_download", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("format", sa.String(8)),
        sa.Column("max_bit_rate_kbps", sa.Integer()),
        sa.Column("expires_at", instant),
        sa.Column("visits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("visited_at", instant),
        sa.Column("created_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_share_links"),
    )
    op.create_index("ix_share_links_user_id", "share_links", ["user_id"])
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger()),
        sa.Column("received_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reserved_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("metadata_header", sa.Text()),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("progress", sa.String(16), nullable=False),
        sa.Column("file_id", sa.Uuid()),
        sa.Column("holder", sa.Uuid()),
        sa.Column("created_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.CheckConstraint("progress IN ('receiving', 'joining', 'done', 'ended')", name="ck_uploads_progress"),
        sa.CheckConstraint("length_bytes IS NULL OR received_bytes <= length_bytes", name="ck_uploads_length"),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_expiry", "uploads", ["expires_at"])
    op.create_index("ix_uploads_user_id", "uploads", ["user_id"])
    op.create_table(
        "albums",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sort_name", sa.String(255, collation="C"), nullable=False),
        sa.Column("artist", sa.String(255), nullable=False),
        sa.Column("sort_artist", sa.String(255, collation="C"), nullable=False),
        sa.Column("artist_id", sa.Uuid()),
        sa.Column("year", sa.SmallInteger()),
        sa.Column("genre", sa.String(255)),
        sa.Column("song_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cover_file_id", sa.Uuid()),
        sa.Column("musicbrainz_id", sa.String(36)),
        sa.Column("created_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_albums"),
    )
    op.create_index("ix_albums_artist", "albums", ["user_id", "sort_artist", "sort_name", "id"])
    op.create_index("ix_albums_names", "albums", ["user_id", "sort_name", "id"])
    op.create_index("ix_albums_newest", "albums", ["user_id", "created_at", "id"])
    op.create_index("ix_albums_of_artist", "albums", ["user_id", "artist_id"])
    op.create_index("ix_albums_year", "albums", ["user_id", "year", "id"])
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("object_key", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("size_bytes > 0", name="ck_upload_parts_size"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_upload_parts_upload_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("upload_id", "number", name="pk_upload_parts"),
    )
    op.create_index("ix_upload_parts_user_id", "upload_parts", ["user_id"])
    op.create_table(
        "bookmarks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("position_ms", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text()),
        sa.Column("created_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["audio_files.id"], name="fk_bookmarks_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "file_id", name="pk_bookmarks"),
    )
    op.create_index("ix_bookmarks_file_id", "bookmarks", ["file_id"])
    op.create_table(
        "credits",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("artist_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["audio_files.id"], name="fk_credits_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "file_id", "role", "position", name="pk_credits"),
    )
    op.create_index("ix_credits_artist", "credits", ["user_id", "artist_id", "role", "file_id"])
    op.create_index("ix_credits_file", "credits", ["file_id"])
    op.create_table(
        "file_genres",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("genre_key", sa.String(255, collation="C"), nullable=False),
        sa.Column("genre", sa.String(255), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["audio_files.id"], name="fk_file_genres_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "file_id", "genre_key", name="pk_file_genres"),
    )
    op.create_index("ix_file_genres_file", "file_genres", ["file_id"])
    op.create_index("ix_file_genres_genre", "file_genres", ["user_id", "genre_key", "file_id"])
    op.create_table(
        "now_playing",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("client", sa.String(100), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("position_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.String(16), server_default="playing", nullable=False),
        sa.Column("started_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["audio_files.id"], name="fk_now_playing_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "client", name="pk_now_playing"),
    )
    op.create_index("ix_now_playing_file_id", "now_playing", ["file_id"])
    op.create_table(
        "playlist_tracks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("playlist_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("added_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["audio_files.id"], name="fk_playlist_tracks_file_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["playlist_id"], ["playlists.id"], name="fk_playlist_tracks_playlist_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_playlist_tracks"),
        sa.UniqueConstraint("playlist_id", "position", name="uq_playlist_tracks_position", deferrable=True),
    )
    op.create_index("ix_playlist_tracks_file", "playlist_tracks", ["file_id"])
    op.create_index("ix_playlist_tracks_user", "playlist_tracks", ["user_id"])
    op.create_table(
        "plays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("played_at", instant, nullable=False),
        sa.Column("listened_seconds", sa.Double(), nullable=False),
        sa.Column("track_seconds", sa.Double()),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.Column("client", sa.String(100)),
        sa.CheckConstraint("listened_seconds >= 0", name="ck_plays_listened"),
        sa.ForeignKeyConstraint(["file_id"], ["audio_files.id"], name="fk_plays_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_plays"),
    )
    op.create_index("ix_plays_file", "plays", ["file_id"])
    op.create_index("ix_plays_when", "plays", ["user_id", "played_at"])
    op.create_index("uq_plays_once", "plays", ["user_id", "file_id", "played_at"], unique=True)
    op.create_table(
        "renditions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.Column("bit_rate_kbps", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.String(63), nullable=False),
        sa.Column("object_key", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("created_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("ready_at", instant),
        sa.Column("used_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["audio_files.id"], name="fk_renditions_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_renditions"),
    )
    op.create_index("ix_renditions_used", "renditions", ["used_at"])
    op.create_index("ix_renditions_user_id", "renditions", ["user_id"])
    op.create_index("uq_renditions_form", "renditions", ["file_id", "format", "bit_rate_kbps"], unique=True)
    op.create_table(
        "waveforms",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["audio_files.id"], name="fk_waveforms_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", name="pk_waveforms"),
    )
    op.create_index("ix_waveforms_user_id", "waveforms", ["user_id"])
    op.add_column("audio_files", sa.Column("album_artist", sa.String(255)))
    op.add_column("audio_files", sa.Column("composer", sa.String(255)))
    op.add_column("audio_files", sa.Column("genre", sa.String(255)))
    op.add_column("audio_files", sa.Column("date", sa.String(32)))
    op.add_column("audio_files", sa.Column("year", sa.SmallInteger()))
    op.add_column("audio_files", sa.Column("track_number", sa.Integer()))
    op.add_column("audio_files", sa.Column("track_total", sa.Integer()))
    op.add_column("audio_files", sa.Column("disc_number", sa.Integer()))
    op.add_column("audio_files", sa.Column("disc_total", sa.Integer()))
    op.add_column("audio_files", sa.Column("comment", sa.Text()))
    op.add_column("audio_files", sa.Column("lyrics", sa.Text()))
    op.add_column("audio_files", sa.Column("synced_lyrics", sa.Text()))
    op.add_column("audio_files", sa.Column("bpm", sa.Double()))
    op.add_column("audio_files", sa.Column("musical_key", sa.String(32)))
    op.add_column("audio_files", sa.Column("remixer", sa.String(255)))
    op.add_column("audio_files", sa.Column("producer", sa.String(255)))
    op.add_column("audio_files", sa.Column("label", sa.String(255)))
    op.add_column("audio_files", sa.Column("catalog_number", sa.String(64)))
    op.add_column("audio_files", sa.Column("isrc", sa.String(32)))
    op.add_column("audio_files", sa.Column("barcode", sa.String(32)))
    op.add_column("audio_files", sa.Column("musicbrainz_id", sa.String(36)))
    op.add_column("audio_files", sa.Column("musicbrainz_album_id", sa.String(36)))
    op.add_column("audio_files", sa.Column("edited_at", instant))
    op.add_column("audio_files", sa.Column("sort_title", sa.String(255, collation="C")))
    op.add_column("audio_files", sa.Column("artist_id", sa.Uuid()))
    op.add_column("audio_files", sa.Column("album_id", sa.Uuid()))
    op.add_column("audio_files", sa.Column("catalogued_at", instant))
    op.add_column("audio_files", sa.Column("duration_ms", sa.Integer()))
    op.add_column("audio_files", sa.Column("codec", sa.String(32)))
    op.add_column("audio_files", sa.Column("bit_rate_kbps", sa.Integer()))
    op.add_column("audio_files", sa.Column("sample_rate_hz", sa.Integer()))
    op.add_column("audio_files", sa.Column("channels", sa.SmallInteger()))
    op.add_column("audio_files", sa.Column("bit_depth", sa.SmallInteger()))
    op.add_column("audio_files", sa.Column("loudness_lufs", sa.Double()))
    op.add_column("audio_files", sa.Column("loudness_range_lu", sa.Double()))
    op.add_column("audio_files", sa.Column("true_peak_dbtp", sa.Double()))
    op.add_column("audio_files", sa.Column("measured_at", instant))
    op.add_column("audio_files", sa.Column("playable_key", sa.String(255)))
    op.add_column("audio_files", sa.Column("playable_size", sa.BigInteger()))
    op.add_column("audio_files", sa.Column("playable_sha256", sa.String(64)))
    op.create_index("ix_audio_files_album", "audio_files", ["user_id", "album_id", "disc_number", "track_number", "id"])
    op.create_index("ix_audio_files_artist", "audio_files", ["user_id", "artist_id"])
    op.create_index("ix_audio_files_same", "audio_files", ["user_id", "sha256"])
    op.create_index("ix_audio_files_titles", "audio_files", ["user_id", "sort_title", "id"])
    op.create_index(
        "ix_audio_files_uncatalogued",
        "audio_files",
        ["user_id", "id"],
        postgresql_where=sa.text("catalogued_at IS NULL AND state = 'ready' AND kind IN ('upload', 'song')"),
    )
    op.create_index(
        "ix_audio_files_unmeasured",
        "audio_files",
        ["updated_at"],
        postgresql_where=sa.text("measured_at IS NULL AND state = 'ready'"),
    )
    for name, constraint in (
        ("state", "state IN ('uploading', 'processing', 'ready', 'rejected', 'deleting')"),
        ("bytes", "state IN ('uploading', 'rejected', 'deleting') OR (object_key IS NOT NULL AND sha256 IS NOT NULL)"),
    ):
        op.drop_constraint(f"ck_audio_files_{name}", "audio_files")
        op.create_check_constraint(f"ck_audio_files_{name}", "audio_files", constraint)
    for table in OWN:
        policies.protect(table, policies.OWN)
    policies.protect("playlists", policies.OWN_OR_PUBLIC)
    policies.protect("audience_files", policies.INTERNAL)
    policies.protect("audience_readers", policies.INTERNAL)
    policies.definer("owner_of_share_link", "link uuid", "uuid", "SELECT user_id FROM share_links WHERE id = link")
    policies.definer("owner_for_reader", "wanted uuid, reader uuid", "uuid", OWNER_FOR_READER)
    policies.definer("set_audience_readers", "audience uuid, readers uuid[]", "void", SET_READERS, language="plpgsql")
    policies.definer("show_to_audience", "audience uuid, wanted uuid, owner uuid", "boolean", SHOW_TO_AUDIENCE)
    policies.definer("hide_from_audience", "audience uuid, wanted uuid, owner uuid", "void", HIDE_FROM_AUDIENCE)
    public = (
        "TABLE (track_id uuid, title varchar, artist varchar, album varchar, duration int, play_count bigint, "
        "total_listen_time double precision, listeners bigint)"
    )
    policies.definer("plays_of_public_tracks", "most int", public, PLAYS_OF_PUBLIC_TRACKS)
    together = (
        "TABLE (total_plays bigint, listeners bigint, total_listen_time double precision, completed_plays bigint, "
        "skipped_plays bigint, average_rating double precision, ratings bigint, stars bigint)"
    )
    policies.definer("plays_of_track", "wanted uuid", together, PLAYS_OF_TRACK)
    policies.definer("clear_audience", "audience uuid", "void", CLEAR_AUDIENCE, language="plpgsql")


def downgrade() -> None:
    raise NotImplementedError("going back is restoring the backup that was made before")


def _count_by_state() -> None:
    """Counts are made anew: they now know states, bytes and seconds."""
    for event in CHANGES:
        op.execute(f"DROP TRIGGER count_files_on_{event.lower()} ON audio_files")
        op.execute(f"DROP FUNCTION count_files_on_{event.lower()}")
    op.execute("DELETE FROM file_counts")
    op.drop_constraint("pk_file_counts", "file_counts")
    op.drop_column("file_counts", "listed")
    op.add_column("file_counts", sa.Column("state", sa.String(20), nullable=False))
    op.add_column("file_counts", sa.Column("files", sa.Integer(), nullable=False))
    op.add_column("file_counts", sa.Column("bytes", sa.BigInteger(), nullable=False))
    op.add_column("file_counts", sa.Column("seconds", sa.BigInteger(), nullable=False))
    op.create_primary_key("pk_file_counts", "file_counts", ["user_id", "kind", "state"])
    op.execute(
        "INSERT INTO file_counts (user_id, kind, state, files, bytes, seconds) "
        "SELECT user_id, kind, state, count(*), sum(file_size), coalesce(sum(duration), 0) "
        "FROM audio_files GROUP BY user_id, kind, state"
    )
    for event, (tables, changes) in CHANGES.items():
        name = f"count_files_on_{event.lower()}"
        op.execute(KEEP_COUNTS.replace("<name>", name).replace("<changes>", changes))
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON audio_files REFERENCING {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
