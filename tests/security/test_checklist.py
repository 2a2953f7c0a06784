"""Of the security requirements that Tutti holds itself to, those about accounts, tokens, rights and files, with their tests.

The numbers are the list's own.

This module tests only that the table is true: every number is there, and every test that it names exists.
"""

import ast
from functools import cache

import pytest

from tests.stack import ROOT

NUMBERS = [*range(1, 47), *range(61, 73)]

PROOFS: dict[int, tuple[str, list[str]]] = {
    # Authentication and passwords
    1: (
        "8 to 128 characters of any kind, taken whole",
        [
            "auth/test_registering.py::test_strong_passwords_of_any_kind_are_taken_whole",
            "auth/test_registering.py::test_weak_passwords_are_refused",
        ],
    ),
    2: (
        "common passwords and the person's own address are refused",
        [
            "auth/test_registering.py::test_weak_passwords_are_refused",
            "auth/test_passwords.py::test_the_list_of_common_passwords_holds_what_everybody_tries",
            "auth/test_passwords.py::test_only_a_telling_part_of_the_address_counts",
        ],
    ),
    3: (
        "argon2id at OWASP's least cost",
        [
            "auth/test_registering.py::test_the_hash_that_is_kept_costs_what_owasp_asks",
            "auth/test_passwords.py::test_a_hash_of_another_cost_is_made_anew",
        ],
    ),
    4: (
        "two hashes at once, the rest told to come back",
        [
            "auth/test_passwords.py::test_a_crowd_is_told_to_come_back",
            "auth/test_signing_in.py::test_forty_sign_ins_at_once_are_answered_and_leave_others_their_turn",
            "auth/test_limits.py::test_other_routes_answer_while_everybody_signs_in",
        ],
    ),
    5: (
        "sign-ins limited per account and address, and no owner locked out",
        [
            "auth/test_signing_in.py::test_guesses_at_one_account_end_at_ten_even_all_at_once",
            "auth/test_signing_in.py::test_an_unknown_account_is_limited_like_a_known_one",
            "auth/test_signing_in.py::test_those_who_sign_in_rightly_are_not_counted",
            "auth/test_players.py::test_wrong_guesses_are_slowed_and_the_owners_players_never",
            "auth/test_recovering.py::test_nobody_is_flooded_with_mails_whether_they_have_an_account_or_not",
            "auth/test_limits.py::test_a_thousand_guesses_at_one_account_weigh_ten",
            "auth/test_limits.py::test_two_hundred_addresses_weigh_twenty_and_the_owner_gets_in",
            "auth/test_limits.py::test_three_hundred_accounts_from_one_address_weigh_sixty",
            "auth/test_limits.py::test_two_hundred_right_sign_ins_at_once_are_never_told_that_they_guess",
            "auth/test_limits.py::test_registrations_from_one_address_end",
        ],
    ),
    6: (
        "the address that counts is the gateway's word",
        [
            "auth/test_signing_in.py::test_a_forged_address_changes_nothing_about_the_limit",
            "e2e/test_gateway.py::test_a_spoofed_address_opens_no_new_bucket_and_no_door",
            "shared/test_addresses.py::test_without_one_a_client_cannot_choose_its_address",
        ],
    ),
    7: (
        "known and unknown accounts are told apart by nobody",
        [
            "auth/test_signing_in.py::test_a_wrong_password_and_an_unknown_user_get_the_same_answer",
            "auth/test_passwords.py::test_a_known_and_an_unknown_person_take_as_long",
            "auth/test_recovering.py::test_the_answer_is_the_same_for_an_address_without_an_account",
            "auth/test_registering.py::test_a_taken_address_is_answered_as_a_new_one_and_its_owner_is_told",
            "auth/test_confirming.py::test_a_taken_new_address_is_answered_alike_and_its_owner_told",
            "auth/test_telling_nobody.py::test_known_and_unknown_addresses_are_answered_alike",
            "auth/test_players.py::test_what_belongs_to_nobody_is_refused_alike",
            "contract/test_echogen.py::test_where_addresses_are_confirmed_first_a_taken_one_signs_up_like_a_new_one",
            "contract/test_echogen.py::test_a_stranger_cannot_try_one_address_after_another",
        ],
    ),
    8: (
        "no unknown, disabled or passwordless account signs in",
        [
            "auth/test_signing_in.py::test_an_empty_password_never_signs_in",
            "auth/test_passwords.py::test_what_is_no_hash_matches_nothing",
            "auth/test_refreshing.py::test_an_inactive_person_cannot_refresh_or_sign_in",
            "auth/test_players.py::test_a_disabled_account_has_no_players",
            "auth/with_providers/test_whose_account.py::test_somebody_disabled_stays_out",
            "auth/test_import.py::test_whoever_came_without_a_password_cannot_sign_in_with_an_empty_one",
        ],
    ),
    9: (
        "secrets of mails and codes are good once, also of fifty at once",
        [
            "auth/test_recovering.py::test_of_fifty_who_use_one_link_one_wins",
            "auth/test_confirming.py::test_of_fifty_who_use_one_secret_one_wins",
            "auth/test_confirming.py::test_a_secret_is_good_for_its_own_purpose_alone",
            "auth/test_second_factor.py::test_of_fifty_sign_ins_with_one_code_one_gets_in",
            "auth/test_first_admin.py::test_of_fifty_at_once_one_accepts_an_invitation",
            "auth/test_first_admin.py::test_a_token_is_good_for_a_quarter_of_an_hour",
            "contract/test_sinuzoid.py::test_a_lost_password_is_replaced_by_the_mail_and_never_by_the_answer",
        ],
    ),
    10: (
        "a changed password or factor ends pending secrets and other sign-ins",
        [
            "auth/test_recovering.py::test_a_new_password_by_mail_ends_every_sign_in",
            "auth/test_recovering.py::test_a_password_is_changed_with_the_present_one",
            "auth/test_second_factor.py::test_changing_it_kills_what_was_pending",
            "auth/test_second_factor.py::test_other_sign_ins_end_where_that_is_asked_for",
        ],
    ),
    11: (
        "a new password or factor needs the present password",
        [
            "auth/test_recovering.py::test_a_password_is_changed_with_the_present_one",
            "auth/test_recovering.py::test_a_thief_of_a_token_cannot_go_on_guessing_the_password",
            "auth/test_second_factor.py::test_it_takes_the_current_password_and_codes_to_change_anything",
            "contract/test_sinuzoid.py::test_a_password_is_changed_only_by_who_knows_it",
        ],
    ),
    12: (
        "both addresses confirm a change of address",
        [
            "security/test_mails.py::test_an_address_changes_only_once_both_its_readers_have_confirmed",
        ],
    ),
    13: (
        "links name the public URL alone",
        [
            "security/test_mails.py::test_a_link_names_the_public_address_whatever_the_request_says",
        ],
    ),
    14: (
        "no default account; the first administrator by a one-time token",
        [
            "auth/test_first_admin.py::test_there_is_no_account_that_nobody_made",
            "auth/test_first_admin.py::test_of_fifty_at_once_one_becomes_the_first_administrator",
            "auth/test_first_admin.py::test_a_stranger_cannot_become_the_first_administrator",
        ],
    ),
    15: (
        "an identity is issuer and subject; no unverified side is linked",
        [
            "auth/with_providers/test_lying_providers.py::test_a_token_that_is_not_the_issuers_word_about_this_journey_opens_nothing",
            "auth/with_providers/test_whose_account.py::test_an_attacker_who_registers_an_address_first_gets_nothing_of_its_owner",
            "auth/with_providers/test_whose_account.py::test_an_attacker_cannot_leave_an_identity_on_an_account_that_waits_for_its_owner",
            "auth/with_providers/test_whose_account.py::test_an_address_that_the_provider_has_not_verified_opens_and_occupies_nothing",
            "auth/with_issuers/test_bearers.py::test_the_same_subject_is_the_same_person_and_only_that_one",
            "auth/with_issuers/test_accounts.py::test_an_account_is_opened_from_elsewhere_only_where_both_sides_are_sure",
        ],
    ),
    16: (
        "PKCE and a state bound to the browser; a code once",
        [
            "auth/with_providers/test_journeys.py::test_the_provider_is_told_what_it_must_be",
            "auth/with_providers/test_states_and_codes.py::test_a_stranger_cannot_finish_a_journey_in_another_browser",
            "auth/with_providers/test_states_and_codes.py::test_a_state_is_good_once_of_fifty_at_once",
            "auth/with_providers/test_states_and_codes.py::test_a_code_is_good_once_of_fifty_at_once",
            "auth/with_providers/test_states_and_codes.py::test_an_app_that_began_with_a_challenge_has_to_show_its_verifier",
        ],
    ),
    17: (
        "browsers are sent to listed addresses alone",
        [
            "auth/with_providers/test_journeys.py::test_a_browser_is_sent_nowhere_else",
            "auth/with_confirmation/test_careful.py::test_a_link_goes_nowhere_else",
            "auth/with_providers/test_journeys.py::test_a_connection_sends_no_browser_elsewhere_either",
        ],
    ),
    18: (
        "the owner is told of passwords, addresses, factors and new devices",
        [
            "auth/test_recovering.py::test_a_new_password_by_mail_ends_every_sign_in",
            "auth/test_sign_ins.py::test_a_sign_in_from_somewhere_new_is_told_to_its_owner",
            "auth/test_sign_ins.py::test_the_owner_is_told_of_a_reused_token_and_it_is_audited_once",
            "auth/test_second_factor.py::test_its_owner_is_told",
            "auth/test_players.py::test_its_owner_is_told",
            "auth/with_providers/test_whose_account.py::test_both_sides_verified_is_the_same_person_and_she_is_told",
        ],
    ),
    # Tokens and sign-ins
    19: (
        "ES256 alone, whatever the token says",
        [
            "security/test_forged_tokens.py::test_a_forged_token_does_not",
            "auth/with_issuers/test_forgeries.py::test_a_forged_token_gets_in_nowhere",
        ],
    ),
    20: (
        "a key for each purpose",
        [
            "shared/test_identity.py::test_an_internal_token_is_good_for_one_pair_and_one_audience",
            "shared/test_identity.py::test_a_users_token_is_no_internal_token",
            "auth/test_keys.py::test_the_private_half_is_sealed_at_rest",
            "auth/test_players.py::test_a_copied_app_password_opens_nothing_elsewhere",
            "auth/with_providers/test_connecting.py::test_a_link_code_signs_nobody_in_and_a_sign_in_code_connects_nothing",
        ],
    ),
    21: (
        "keys named in a token are refused and fetched by nobody",
        [
            "security/test_forged_tokens.py::test_a_forged_token_does_not",
            "security/test_forged_tokens.py::test_no_address_in_a_token_was_ever_asked",
            "auth/with_issuers/test_forgeries.py::test_a_forged_token_gets_in_nowhere",
            "auth/with_issuers/test_forgeries.py::test_no_address_in_a_token_is_ever_asked",
        ],
    ),
    22: (
        "key ids are looked up in a local map",
        [
            "security/test_forged_tokens.py::test_a_forged_token_does_not",
            "shared/test_identity.py::test_a_thousand_unknown_key_ids_cause_one_fetch",
            "auth/with_issuers/test_forgeries.py::test_a_forged_token_gets_in_nowhere",
        ],
    ),
    23: ("the kind of a token is what is expected", ["security/test_forged_tokens.py::test_a_forged_token_does_not"]),
    24: (
        "every claim is there and of its type",
        [
            "security/test_forged_tokens.py::test_a_forged_token_does_not",
            "auth/test_signing_in.py::test_a_token_says_what_it_must_and_no_more",
            "shared/test_identity.py::test_ids_in_tokens_are_uuids",
            "auth/with_issuers/test_forgeries.py::test_a_forged_token_gets_in_nowhere",
        ],
    ),
    25: (
        "issuer and audience are compared exactly",
        [
            "security/test_forged_tokens.py::test_a_forged_token_does_not",
            "auth/with_issuers/test_forgeries.py::test_a_forged_token_gets_in_nowhere",
        ],
    ),
    26: (
        "a token of an ended sign-in or account is out within 5 s",
        [
            "auth/test_leaving.py::test_signing_out_reaches_every_service_within_five_seconds",
            "auth/test_leaving_for_good.py::test_the_tokens_of_a_deleted_account_end_within_five_seconds",
            "auth/test_administration.py::test_a_disabled_account_is_out_everywhere_within_seconds",
            "shared/test_identity.py::test_a_revoked_token_is_out_even_when_it_was_verified_before",
            "auth/test_promises.py::test_a_sign_in_that_ended_counts_nowhere_within_five_seconds",
            "auth/with_issuers/test_accounts.py::test_a_disabled_person_is_out_everywhere_within_5_seconds",
        ],
    ),
    27: (
        "a bad token is 401 with WWW-Authenticate",
        [
            "security/test_forged_tokens.py::test_a_forged_token_does_not",
            "auth/test_profiles.py::test_a_bad_token_is_told_in_lexiks_words",
            "auth/with_issuers/test_forgeries.py::test_a_forged_token_gets_in_nowhere",
        ],
    ),
    28: (
        "tokens count in the Authorization header alone",
        ["security/test_forged_tokens.py::test_a_good_token_in_the_wrong_place_does_not"],
    ),
    29: (
        "weak secrets stop the start; what Tutti makes is long",
        [
            "deploy/test_secrets.py::test_what_could_be_guessed_is_refused_in_one_line",
            "auth/test_players.py::test_a_player_is_added_shown_once_and_listed_without_its_secrets",
            "auth/test_second_factor.py::test_a_sign_in_needs_the_code_once_it_is_turned_on",
        ],
    ),
    30: (
        "public parts alone are published; an outage is bridged",
        [
            "auth/test_keys.py::test_the_public_keys_have_no_private_part_and_may_be_kept_for_five_minutes",
            "shared/test_identity.py::test_keys_are_kept_while_auth_is_away",
            "auth/with_issuers/test_keys_of_issuers.py::test_known_keys_count_while_the_issuer_is_down",
            "auth/test_rotating.py::test_a_key_is_published_signs_is_retired_and_goes",
        ],
    ),
    31: (
        "unknown key ids cause one fetch in 30 s",
        [
            "shared/test_identity.py::test_a_thousand_unknown_key_ids_cause_one_fetch",
            "auth/with_issuers/test_keys_of_issuers.py::test_key_ids_that_nobody_knows_cost_one_question",
        ],
    ),
    32: (
        "refresh tokens rotate, with grace for the one before",
        [
            "auth/test_refreshing.py::test_fifty_refreshes_at_once_have_one_successor",
            "auth/test_refreshing.py::test_a_lost_answer_may_be_asked_for_again",
            "auth/test_refreshing.py::test_the_parent_token_counts_as_old_after_a_minute",
            "auth/test_promises.py::test_fifty_refreshes_at_once_have_one_successor_twenty_times",
            "auth/test_promises.py::test_a_hundred_lost_answers_sign_nobody_out",
            "auth/test_promises.py::test_a_lost_answer_is_not_repeated_after_the_grace",
        ],
    ),
    33: (
        "an old one ends the family at once, for good",
        [
            "auth/test_refreshing.py::test_an_old_token_ends_the_sign_in_for_good",
            "auth/test_refreshing.py::test_reuse_ends_the_access_tokens_within_five_seconds",
            "auth/test_sign_ins.py::test_the_owner_is_told_of_a_reused_token_and_it_is_audited_once",
            "auth/test_promises.py::test_an_old_token_ends_its_family_with_the_newest_at_once_and_for_good",
        ],
    ),
    34: (
        "sign-ins end when idle, and some day in any case",
        [
            "auth/test_refreshing.py::test_an_idle_sign_in_ends",
            "auth/test_forgetting.py::test_expired_sign_ins_and_revocations_are_forgotten",
        ],
    ),
    35: (
        "sign-ins are listed and ended, by the owner and by administrators",
        [
            "auth/test_sign_ins.py::test_sign_ins_are_listed_with_device_and_address",
            "auth/test_sign_ins.py::test_all_others_end_at_once_and_this_one_stays",
            "contract/test_chat_with_me.py::test_devices_are_listed_and_one_is_signed_out_from_another",
            "auth/test_administration.py::test_an_administrator_signs_somebody_out_of_everything",
        ],
    ),
    36: ("every sign-in has a new id", ["auth/test_signing_in.py::test_each_sign_in_is_another_session"]),
    # Authorisation
    37: (
        "an operation is guarded, or public on purpose",
        [
            "e2e/test_openapi.py::test_every_operation_is_described_and_guarded_or_public_on_purpose",
            "e2e/test_openapi.py::test_every_served_route_is_documented",
            "shared/test_database.py::test_every_table_of_every_service_is_declared_and_protected_as_declared",
            "security/test_default_deny.py::test_every_route_asks_who_is_calling_but_for_those_that_are_open",
        ],
    ),
    38: (
        "the owner is in the statement, and row-level security behind it",
        [
            "shared/test_database.py::test_a_query_without_its_where_sees_only_its_own",
            "shared/test_database.py::test_a_change_without_its_where_changes_only_its_own",
            "shared/test_database.py::test_nobody_writes_rows_in_somebody_elses_name",
        ],
    ),
    39: (
        "what is another's is not there",
        [
            "auth/test_sign_ins.py::test_a_stranger_cannot_see_or_end_a_sign_in",
            "auth/test_players.py::test_a_stranger_cannot_see_or_remove_or_add_a_player",
            "auth/with_providers/test_connecting.py::test_a_stranger_cannot_connect_or_see_or_disconnect_what_is_not_theirs",
            "contract/test_chat_with_me.py::test_a_stranger_cannot_sign_out_a_device_or_see_any",
        ],
    ),
    40: (
        "owner, role and state never come from a body",
        [
            "auth/test_registering.py::test_what_makes_no_account_is_named",
            "auth/test_administration.py::test_nobody_gives_themselves_a_role",
            "auth/test_import.py::test_roles_come_only_where_they_are_allowed",
            "auth/with_issuers/test_bearers.py::test_an_administrator_is_none_by_another_issuers_token",
        ],
    ),
    41: (
        "answers hold declared fields alone",
        [
            "auth/test_profiles.py::test_the_answer_is_what_the_document_says",
            "auth/test_administration.py::test_an_account_shows_what_is_declared_and_no_more",
        ],
    ),
    42: (
        "filters and sorting by known names, pages of at most 100",
        ["auth/test_administration.py::test_a_bad_question_gets_a_clear_answer"],
    ),
    43: (
        "services act for the user, not with a master key",
        [
            "shared/test_database.py::test_a_worker_that_acts_for_a_user_sees_what_the_user_sees",
            "shared/test_database.py::test_a_web_role_cannot_become_its_worker",
        ],
    ),
    44: (
        "services have tokens of their own, for one pair, for a minute",
        [
            "shared/test_identity.py::test_an_internal_token_is_good_for_one_pair_and_one_audience",
            "auth/test_keys.py::test_what_is_internal_is_not_for_people",
            "auth/with_issuers/test_bearers.py::test_only_services_exchange",
            "auth/test_players.py::test_players_are_verified_for_services_alone",
        ],
    ),
    45: (
        "administration: its own routes, a fresh sign-in, written down",
        [
            "auth/test_administration.py::test_a_stranger_cannot_administer_anything",
            "auth/test_administration.py::test_changes_need_a_sign_in_of_today",
            "auth/test_administration.py::test_what_was_done_is_written_down",
            "security/test_default_deny.py::test_every_route_of_administration_asks_for_an_administrator",
        ],
    ),
    46: (
        "random ids, and never the only protection",
        [
            "shared/test_ids.py::test_ids_are_uuid7_unique_and_in_order",
            "contract/test_echogen.py::test_a_stranger_cannot_read_somebody_else",
        ],
    ),
    # Files and media
    61: (
        "what a file is, its content decides, from a list of kinds",
        [
            "media/test_bad_uploads.py::test_what_is_not_audio_is_refused_by_its_content",
            "media/test_uploads.py::test_every_kind_of_audio_is_taken_whatever_its_name",
            "media/test_pictures.py::test_what_is_no_picture_or_too_much_of_one_is_refused",
        ],
    ),
    62: (
        "names in the object store are made here",
        ["media/test_bad_uploads.py::test_a_name_is_only_ever_shown_and_never_a_path"],
    ),
    63: (
        "a packed score is looked at before it is unpacked: how many, how large, how dense, and where its names lead",
        [
            "sessions/scores/test_hostile.py::test_each_is_what_it_is_and_quickly",
            "sessions/scores/test_scores.py::test_what_is_no_score_is_refused_and_the_one_that_was_there_stays",
        ],
    ),
    64: (
        "pixels are counted before a picture is decoded",
        [
            "media/test_pictures.py::test_what_is_no_picture_or_too_much_of_one_is_refused",
            "media/test_corpus.py::test_a_dozen_of_them",
        ],
    ),
    65: (
        "parsers run in children with limits and no network",
        [
            "shared/test_confinement.py::test_its_limits_are_as_written",
            "shared/test_confinement.py::test_it_reaches_no_network",
            "shared/test_confinement.py::test_it_starts_nothing",
        ],
    ),
    66: (
        "a quota holds against twenty at once",
        ["media/test_uploads.py::test_twenty_uploads_at_once_do_not_pass_the_quota_together"],
    ),
    67: (
        "nothing is readable that was not looked at or was rejected",
        ["media/test_corpus.py::test_a_dozen_of_them", "media/test_corpus.py::test_all_of_them"],
    ),
    68: (
        "users' bytes are sent with a fixed type, nosniff and a sandbox",
        [
            "media/test_streams.py::test_bytes_of_users_are_never_a_page",
            "media/test_streams.py::test_a_download_has_the_name_it_was_uploaded_under",
        ],
    ),
    69: (
        "pictures keep nothing of where they were taken",
        ["media/test_pictures.py::test_a_picture_is_kept_in_fixed_sizes_without_what_came_along"],
    ),
    70: (
        "sizes of pictures are fixed, and what is derived has a quota",
        [
            "media/test_pictures.py::test_a_picture_is_kept_in_fixed_sizes_without_what_came_along",
            "media/test_transcodes.py::test_the_least_recently_used_makes_room",
        ],
    ),
    71: (
        "a playable address is for one file, person, sign-in and time",
        [
            "media/test_playable.py::test_no_other_address_can_be_made_of_it",
            "media/test_playable.py::test_an_address_is_no_token_for_anything_else",
            "media/test_playable.py::test_an_address_ends_with_its_sign_in",
            "media/test_playable.py::test_an_address_ends_by_itself",
        ],
    ),
    72: (
        "a resumed upload goes on where it stopped, and never beyond its length",
        ["media/test_resumable.py::test_bytes_that_do_not_fit_change_nothing"],
    ),
}

NOT_AS_ASKED = {
    24: "An access token lives an hour (seed 004), not 15 minutes; what ends a sign-in reaches every service within 5 s.",
}


@cache
def functions(module: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / module).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_requirement_is_in_the_table() -> None:
    assert sorted(PROOFS) == NUMBERS
    assert set(NOT_AS_ASKED) <= set(NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_requirement_has_a_test_and_every_named_test_exists(number: int) -> None:
    requirement, proofs = PROOFS[number]

    assert proofs, f"{number}: nothing proves that {requirement}"
    for proof in proofs:
        module, _, function = proof.partition("::")
        assert function in functions(module), proof
