"""Your time zone, and what you answered when you began. The profile itself is at seed 004's URL, in `dialects/sinuzoid.py`."""

from apiflask import APIBlueprint

from services.auth import onboarding, profiles
from services.auth.schemas.profiles import OnboardingAnswers, OnboardingOut, ProfileOut, ZoneChange
from shared.flask_app import signed_in, transaction
from shared.identity import Caller

routes = APIBlueprint("profiles", __name__)


@routes.put("/api/user/time-zone")
@signed_in
@routes.input(ZoneChange, arg_name="change")
@routes.output(ProfileOut)
def change_time_zone(change: ZoneChange, caller: Caller) -> ProfileOut:
    """Set your time zone. The next access token carries it."""
    with transaction(caller) as db:
        return ProfileOut.model_validate(profiles.change(db, user_id=caller.id, time_zone=change.time_zone))


@routes.get("/api/user/onboarding")
@signed_in
@routes.output(OnboardingOut)
def show_onboarding(caller: Caller) -> OnboardingOut:
    """What you answered when you began."""
    with transaction(caller) as db:
        return OnboardingOut.model_validate({"responses": onboarding.of(db, user_id=caller.id)})


@routes.post("/api/user/onboarding")
@signed_in
@routes.input(OnboardingAnswers, arg_name="sent")
@routes.output(OnboardingOut)
def answer_onboarding(sent: OnboardingAnswers, caller: Caller) -> OnboardingOut:
    """Answer the questions of the beginning; what you answered before is replaced."""
    with transaction(caller) as db:
        onboarding.replace(db, [each.model_dump() for each in sent.responses], user_id=caller.id)
        return OnboardingOut.model_validate({"responses": onboarding.of(db, user_id=caller.id)})
