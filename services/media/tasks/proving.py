"""Looking after storage: what rows and objects disagree about, and what was shown to audiences and is gone."""

from datetime import timedelta

from sqlalchemy import delete, exists

from services.media.models.files import AudioFile
from services.media.models.pictures import Picture
from services.media.models.sharing import AudienceFile
from services.media.proving import findings
from services.media.tasks.queue import Work, queue
from shared import clock
from shared import db as database
from shared.logs import log

ON_ITS_WAY = timedelta(hours=1)  # an object may wait so long for its row


@queue.task(every="41 3 * * *")
def prove_storage(work: Work) -> None:
    """Say once a night what rows and objects disagree about, by names and lengths; `make fsck` compares bytes, and repairs."""
    before = clock.now() - ON_ITS_WAY
    for each in findings.look(work.engine, work.store, work.settings, stored_before=before, reads_all=False):
        log(__name__).error("storage.disagrees", wrong=each.wrong, bucket=each.bucket, key=each.key)


@queue.task(every="11 * * * *")
def sweep_audiences(work: Work) -> None:
    """Forget that files were shown which are no more."""
    audio = exists().where(AudioFile.id == AudienceFile.file_id)
    picture = exists().where(Picture.id == AudienceFile.file_id)
    with database.transaction(work.engine) as db:
        db.execute(delete(AudienceFile).where(~audio, ~picture))
