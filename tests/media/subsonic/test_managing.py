"""What players may not do, whoever owns them."""

from tests.media.subsonic.player import Player
from tests.people import Person

REFUSED = ("createUser", "updateUser", "deleteUser", "changePassword", "createInternetRadioStation", "jukeboxControl")


def test_players_manage_nothing(alice: Person) -> None:
    phone = Player(alice)

    assert phone.sees("getInternetRadioStations") == {"internetRadioStation": []}
    for method in REFUSED:
        assert phone.refused(method, username=alice.email, password="x", action="start") == 50, method
