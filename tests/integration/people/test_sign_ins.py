"""Signing in to the portal: passwords, codes, and what is forgotten (docs/rules.md §8)."""

import base64
from datetime import timedelta
from unittest.mock import patch

import pytest

from chalicelib.config import settings
from chalicelib.domain.clients.rate_limits import LOGINS, PORTAL_SIGN_INS_BY_ADDRESS, TooManyTries
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.gateways import lambdas, sandbox_mail
from chalicelib.models.people import persons as person_rows
from chalicelib.services.people import credentials, second_factors, sessions, sign_ins
from chalicelib.services.people.credentials import WrongPassword
from chalicelib.services.people.sessions import BegunSession
from chalicelib.services.people.sign_ins import CodeNeeded, SignInOver, WrongCode
from tests.books import images
from tests.builders import NOW
from tests.people import PARTNER, PASSWORD, last_event, make_person

SECOND, STEP = timedelta(seconds=1), timedelta(seconds=30)
OTHER = "a-green-bottle"


def sign_in(password=PASSWORD, email="ann@agency.example", source="192.0.2.1", now=NOW):
    return sign_ins.enter_password(email=email, password=password, source=source, device="", now=now)


def session_of(person):
    return sessions.begin(person_id=person.id, now=NOW).session


def app_code(setup, now=NOW):
    """What an authenticator app shows: RFC 6238 by a second hand."""
    import hmac

    step = (int(now.timestamp()) // 30).to_bytes(8, "big")
    digest = hmac.digest(base64.b32decode(setup.secret), step, "sha1")
    number = int.from_bytes(digest[digest[-1] & 15 :][:4], "big") & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def set_up(person, now=NOW, password=PASSWORD):
    """Set up an app; its set-up and the recovery codes."""
    session = session_of(person)
    setup = second_factors.begin_setup(session, now=now)
    codes = second_factors.finish_setup(
        session, token=setup.token, code=app_code(setup, now), password=password, now=now, told_at=now
    )
    return setup, codes


def enter(needed, code, now=NOW):
    assert isinstance(needed, CodeNeeded)
    return sign_ins.enter_code(token=needed.token, code=code, device="", now=now, told_at=now)


def test_the_password_opens_a_session(aws):
    make_person()

    begun = sign_in(email="Ann@Agency.example")

    assert isinstance(begun, BegunSession)
    assert sessions.find(begun.token, now=NOW) == begun.session


@pytest.mark.parametrize("email", ["ann@agency.example", "nobody@agency.example", "prt_1", ""])
def test_five_wrong_passwords_lock_any_address_for_five_minutes(aws, email):
    make_person()
    for _ in range(LOGINS.tries):
        with pytest.raises(WrongPassword):
            sign_in("wrong", email=email)

    with pytest.raises(TooManyTries):
        sign_in(email=email, now=NOW + LOGINS.locked_for - SECOND)


def test_after_five_minutes_the_right_password_opens_it(aws):
    make_person()
    for _ in range(LOGINS.tries):
        with pytest.raises(WrongPassword):
            sign_in("wrong")

    assert isinstance(sign_in(now=NOW + LOGINS.locked_for), BegunSession)


def test_one_network_address_cannot_try_all_people(aws):
    for number in range(PORTAL_SIGN_INS_BY_ADDRESS.tries):
        with pytest.raises(WrongPassword):
            sign_in("wrong", email=f"{number}@agency.example")

    with pytest.raises(TooManyTries):
        sign_in("wrong", email="another@agency.example")
    with pytest.raises(WrongPassword):
        sign_in("wrong", email="another@agency.example", source="192.0.2.2")


def test_with_an_app_the_password_is_not_enough(aws):
    setup, _ = set_up(make_person())
    later = NOW + STEP

    begun = enter(sign_in(now=later), app_code(setup, later), now=later)

    assert sessions.find(begun.token, now=later) is not None


@pytest.mark.parametrize("away", [-2, -1, 0, 1, 2])
def test_a_code_of_the_step_before_and_after_is_taken(aws, away):
    setup, _ = set_up(make_person())
    at = NOW + 10 * STEP
    code = app_code(setup, at + away * STEP)

    if abs(away) < 2:
        assert enter(sign_in(now=at), code, now=at)
    else:
        with pytest.raises(WrongCode):
            enter(sign_in(now=at), code, now=at)


def test_a_code_works_once_and_so_does_the_one_that_set_up_the_app(aws):
    setup, _ = set_up(make_person())
    with pytest.raises(WrongCode):
        enter(sign_in(), app_code(setup))
    later = NOW + STEP
    enter(sign_in(now=later), app_code(setup, later), now=later)

    with pytest.raises(WrongCode):
        enter(sign_in(now=later), app_code(setup, later), now=later)


def test_a_code_sent_twice_at_once_works_once(aws):
    ann = make_person()
    setup, _ = set_up(ann)
    later, read, outcomes = NOW + STEP, person_rows.get, []
    given = {"generation": 1, "now": later, "told_at": later}

    def meanwhile(person_id):
        found = read(person_id)
        if patched.call_count == 1:
            with patch.object(person_rows, "get", read):
                outcomes.append(second_factors.use_code(ann.id, app_code(setup, later), **given))
        return found

    with patch.object(person_rows, "get", side_effect=meanwhile) as patched:
        outcomes.append(second_factors.use_code(ann.id, app_code(setup, later), **given))

    assert outcomes == [True, False]


def test_five_wrong_codes_lock_the_right_one(aws):
    setup, _ = set_up(make_person())
    later = NOW + STEP
    needed = sign_in(now=later)
    for _ in range(LOGINS.tries):
        with pytest.raises(WrongCode):
            enter(needed, "000 000" if app_code(setup, later) != "000000" else "111111", now=later)

    with pytest.raises(TooManyTries):
        enter(needed, app_code(setup, later), now=later)


def test_each_recovery_code_works_once(aws):
    _, codes = set_up(make_person())

    enter(sign_in(), codes[0].upper().replace("-", " "))

    assert len(set(codes)) == 10
    with pytest.raises(WrongCode):
        enter(sign_in(), codes[0])
    assert enter(sign_in(), codes[1])


def test_new_recovery_codes_replace_the_old_ones(aws):
    ann = make_person()
    _setup, codes = set_up(ann)

    renewed = second_factors.renew_recovery_codes(session_of(ann), password=PASSWORD, now=NOW, told_at=NOW)

    with pytest.raises(WrongCode):
        enter(sign_in(), codes[0])
    assert enter(sign_in(), renewed[0])


def test_a_code_comes_within_ten_minutes_of_the_password_and_with_the_present_one(aws):
    ann = make_person()
    _, codes = set_up(ann)
    needed = sign_in()

    with pytest.raises(SignInOver):
        enter(needed, codes[0], now=NOW + timedelta(minutes=10))
    credentials.change(session=session_of(ann), password=PASSWORD, new_password=OTHER, now=NOW, told_at=NOW)
    with pytest.raises(WrongCode):
        enter(needed, codes[0])


def test_the_table_holds_neither_secret_nor_codes(aws):
    setup, codes = set_up(make_person())

    stored = str(images(settings().people_table))

    assert setup.secret not in stored
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_an_app_is_set_up_with_its_code_and_the_password_and_others_are_signed_out(aws):
    ann, bob = make_person(), make_person("bob@agency.example")
    session, elsewhere = session_of(ann), sessions.begin(person_id=ann.id, now=NOW)
    setup = second_factors.begin_setup(session, now=NOW)
    right = {"token": setup.token, "code": app_code(setup), "password": PASSWORD, "now": NOW, "told_at": NOW}

    assert setup.uri.startswith("otpauth://totp/Sublet:ann%40agency.example?secret=" + setup.secret)
    assert second_factors.setup_of(session, setup.token, now=NOW) == setup
    for wrong, refusal in (
        ({"code": "12345"}, Invalid),
        ({"password": "wrong"}, WrongPassword),
        ({"now": NOW + timedelta(minutes=30)}, NotFound),
    ):
        with pytest.raises(refusal):
            second_factors.finish_setup(session, **right | wrong)
    with pytest.raises(NotFound):
        second_factors.finish_setup(session_of(bob), **right)
    assert isinstance(sign_in(), BegunSession)

    second_factors.finish_setup(session, **right)

    assert isinstance(sign_in(), CodeNeeded)
    assert sessions.find(elsewhere.token, now=NOW) is None
    assert [each.id for each in sessions.list_open(person_id=ann.id, now=NOW)] == [session.id]


def test_an_app_is_turned_off_with_the_password(aws):
    ann = make_person()
    set_up(ann)

    with pytest.raises(WrongPassword):
        second_factors.turn_off(session_of(ann), password="wrong", now=NOW, told_at=NOW)
    assert isinstance(sign_in(), CodeNeeded)
    second_factors.turn_off(session_of(ann), password=PASSWORD, now=NOW, told_at=NOW)

    assert isinstance(sign_in(), BegunSession)


def test_a_new_password_ends_all_other_sessions(aws):
    ann = make_person()
    kept, other = sessions.begin(person_id=ann.id, now=NOW), sessions.begin(person_id=ann.id, now=NOW)

    with pytest.raises(Invalid):
        credentials.change(
            session=kept.session, password=PASSWORD, new_password="ann@agency.example", now=NOW, told_at=NOW
        )
    with pytest.raises(WrongPassword):
        credentials.change(session=kept.session, password="wrong", new_password=OTHER, now=NOW, told_at=NOW)
    credentials.change(session=kept.session, password=PASSWORD, new_password=OTHER, now=NOW, told_at=NOW)

    assert sessions.find(kept.token, now=NOW) is not None
    assert sessions.find(other.token, now=NOW) is None
    with pytest.raises(WrongPassword):
        sign_in()
    assert isinstance(sign_in(OTHER), BegunSession)


def ask(email="ann@agency.example", **given):
    """What the function that mails links is started with."""
    with patch.object(lambdas, "start") as start:
        credentials.ask_for_link(
            email=email, **{"source": "192.0.2.1", "base_url": "https://api.example", "now": NOW} | given
        )
    return [call.args[1] for call in start.call_args_list]


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(aws):
    ann = make_person()
    begun = sessions.begin(person_id=ann.id, now=NOW)
    (asked,) = ask()
    assert credentials.send_link(email=asked["email"], base_url=asked["base_url"], now=NOW)
    (mail,) = sandbox_mail.kept()
    token = mail.text.partition("/portal/password/")[2].split()[0]

    with pytest.raises(Invalid):
        credentials.replace_forgotten(token=token, password="short", now=NOW, told_at=NOW)
    with pytest.raises(NotFound):
        credentials.replace_forgotten(token=token, password=OTHER, now=NOW + timedelta(hours=1), told_at=NOW)
    credentials.replace_forgotten(token=token, password=OTHER, now=NOW + timedelta(hours=1) - SECOND, told_at=NOW)

    assert sessions.find(begun.token, now=NOW) is None
    assert isinstance(sign_in(OTHER), BegunSession)
    with pytest.raises(NotFound):
        credentials.replace_forgotten(token=token, password=PASSWORD, now=NOW, told_at=NOW)


def test_whoever_asks_for_a_link_learns_nothing(aws):
    make_person()

    known, unknown = ask(), ask("nobody@agency.example")

    assert [{**each, "email": ""} for each in known] == [{**each, "email": ""} for each in unknown]
    assert not credentials.send_link(email="nobody@agency.example", base_url="", now=NOW)
    for _ in range(4):
        ask()
    assert ask() == []


def test_a_forgotten_password_does_not_turn_off_the_app(aws):
    ann = make_person()
    set_up(ann)
    link = credentials.link_for(person_rows.get(ann.id), base_url="", now=NOW)

    credentials.replace_forgotten(token=link.rpartition("/")[2], password=OTHER, now=NOW, told_at=NOW)

    assert isinstance(sign_in(OTHER), CodeNeeded)


def test_a_person_goes_on_in_another_team(aws):
    ann = make_person()
    make_person(team="prt_other")
    here = sessions.begin(person_id=ann.id, now=NOW)

    there = sign_ins.switch_team(here.session, team_id="prt_other", device="", now=NOW)

    assert (there.session.team_id, sessions.find(here.token, now=NOW)) == ("prt_other", None)
    with pytest.raises(sessions.NotInTeam):
        sign_ins.switch_team(there.session, team_id="prt_strangers", device="", now=NOW)
    assert sessions.find(there.token, now=NOW) is not None


def test_what_changes_about_a_sign_in_is_in_the_log_of_each_team(aws):
    ann = make_person()
    make_person(team="prt_other")
    later = NOW + timedelta(days=40)  # the product's clock, moved ahead

    credentials.change(session=session_of(ann), password=PASSWORD, new_password=OTHER, now=NOW, told_at=later)

    for team in (PARTNER, "prt_other"):
        event = last_event(team)
        assert (event.type, event.at, event.actor) == ("member.password_changed", later, f"person:{ann.id}")
        assert event.data == {"person_id": ann.id, "email": "ann@agency.example", "name": "Ann", "language": "en"}
    set_up(ann, password=OTHER)
    assert last_event().type == "member.app_set_up"
    second_factors.renew_recovery_codes(session_of(ann), password=OTHER, now=NOW, told_at=later)
    assert last_event().type == "member.recovery_codes_renewed"
    second_factors.turn_off_for("ann@agency.example", actor="operator", now=NOW, told_at=later)
    assert (last_event().type, last_event().actor) == ("member.app_turned_off", "operator")
