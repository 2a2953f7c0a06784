"""Mail that other services have sent: auth alone knows addresses."""

from apiflask import APIBlueprint
from flask import Response

from services.auth.schemas.mail import PeersLetter
from services.auth.tasks import mail
from shared.flask_app import internal, transaction

routes = APIBlueprint("mail", __name__)


@routes.post("/internal/mail")
@internal
@routes.input(PeersLetter, arg_name="letter")
def send_letter(letter: PeersLetter, peer: object) -> Response:
    """Have a letter sent to a user. Nobody is told whether there is one: the account may be gone meanwhile."""
    with transaction() as db:
        mail.notify(db, user_id=letter.user_id, **letter.facts.model_dump())
    return Response(status=202)
