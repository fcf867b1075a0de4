"""People, organisations and passwords: who may do what, who belongs together, what guessing costs."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.office.conftest import person_in

from carindex.messages import InputError
from carindex.office.people.accounts import check_password, limits, set_password
from carindex.office.people.organisations import add_organisation, family, organisation_of, shown_name
from carindex.office.people.persons import add_person, give_role, roles_of, set_active, take_role
from carindex.office.people.sessions import begin_session, borne_by, keep_alive, make_token, revoke
from carindex.office.store import SYSTEM, AuditEntry, Organisation, Role

GOOD = "four words make a password"


def with_login(office, login="expert-a", *roles):
    with office.change(SYSTEM) as change:
        key = add_person(change, "Expert A", login=login, roles=roles).key
    set_password(office, None, key, GOOD)
    return key


def test_only_an_administrator_adds_people(office):
    secretary = person_in(office, "Secretary A", Role.SECRETARY)
    with office.change(secretary) as change, pytest.raises(InputError) as refused:
        add_person(change, "Expert B")
    assert refused.value.code == "office/store.not_allowed"
    administrator = person_in(office, "Administrator A", Role.ADMINISTRATOR)
    with office.change(administrator) as change:
        made = add_person(change, "Expert B", login=" Expert-B ", roles=(Role.EXPERT,))
    assert made.login == "expert-b"
    with office.reading() as session:
        assert roles_of(session, made.key) == {Role.EXPERT}


def test_the_last_administrator_stays(office):
    one = person_in(office, "Administrator A", Role.ADMINISTRATOR)
    for act in (
        lambda change: take_role(change, one, Role.ADMINISTRATOR),
        lambda change: set_active(change, one, active=False),
    ):
        with pytest.raises(InputError, match="no active administrator"), office.change(one) as change:
            act(change)
    with office.change(one) as change:
        other = add_person(change, "Administrator B", roles=(Role.ADMINISTRATOR,)).key
        set_active(change, one, active=False)
    with pytest.raises(InputError, match="no active administrator"), office.change(other) as change:
        take_role(change, other, Role.ADMINISTRATOR)


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.LABORATORY])
def test_roles_for_an_organisation_need_one(lite, role):
    person = person_in(lite, "Engineer A")
    with lite.change(SYSTEM) as change, pytest.raises(InputError, match="without an organisation"):
        give_role(change, person, role)


def test_a_family_of_organisations(office):
    with office.change(SYSTEM) as change:
        group = add_organisation(change, {"en": "Example Group"}, "maker", country="CN", example=True)
        brands = [
            add_organisation(
                change, {"en": f"Example Brand {x}", "zh": f"示例品牌{x}"}, "maker", parent=group.key
            )
            for x in "AB"
        ]
        house = add_organisation(
            change, {"en": "Example Works Laboratory"}, "laboratory", parent=brands[0].key
        )
        other = add_organisation(change, {"en": "Example Maker Z"}, "maker")
    with office.reading() as session:
        together = {group.key, brands[0].key, brands[1].key, house.key}
        for member in together:
            assert family(session, member) == together
        assert family(session, other.key) == {other.key}
        assert organisation_of(session, "示例品牌B").key == brands[1].key
        assert shown_name(session.get(Organisation, group.key), "zh") == "Example Group（示例）"


@pytest.mark.parametrize(
    ("name", "kind", "country", "code"),
    [
        ({"zh": "示例"}, "maker", None, "no_name"),
        ({"en": "Example"}, "shop", None, "unknown_kind"),
        ({"en": "Example"}, "maker", "China", "bad_country"),
    ],
)
def test_organisations_that_make_no_sense_are_refused(lite, name, kind, country, code):
    with lite.change(SYSTEM) as change, pytest.raises(InputError) as refused:
        add_organisation(change, name, kind, country=country)
    assert refused.value.code == f"office/people.{code}"


def test_a_password_opens_only_its_own_account(office):
    key = with_login(office)
    assert check_password(office, " EXPERT-A", GOOD) == key
    for login, password in (("expert-a", GOOD + "."), ("expert-b", GOOD), ("", ""), ("expert-a", "")):
        with pytest.raises(InputError) as refused:
            check_password(office, login, password)
        assert refused.value.code == "office/people.wrong_password"


def test_no_password_and_no_hash_in_the_log(lite):
    with_login(lite)
    with pytest.raises(InputError):
        check_password(lite, "expert-a", "a wrong secret guess")
    with lite.reading() as session:
        said = "".join(str(entry.details) + entry.subject for entry in session.scalars(select(AuditEntry)))
    assert "argon2" not in said
    assert GOOD not in said
    assert "wrong secret" not in said


@pytest.mark.parametrize("password", ["short", "x" * 300, "expert with a long login"])
def test_bad_passwords_are_refused(lite, password):
    with lite.change(SYSTEM) as change:
        key = add_person(change, "Expert A", login="expert with a long login").key
    with pytest.raises(InputError, match="password"):
        set_password(lite, None, key, password)


def test_only_oneself_or_an_administrator_sets_a_password(lite):
    key = with_login(lite)
    other = person_in(lite, "Secretary A", Role.SECRETARY)
    with pytest.raises(InputError, match="roles held"):
        set_password(lite, other, key, GOOD)
    set_password(lite, key, key, GOOD + " new")
    with pytest.raises(InputError):
        check_password(lite, "expert-a", GOOD)
    assert check_password(lite, "expert-a", GOOD + " new") == key


def test_guessing_costs_time_that_doubles(lite, clock):
    key = with_login(lite)
    rule = limits()["failures"]
    for _ in range(rule["free"]):
        with pytest.raises(InputError, match="do not fit"):
            check_password(lite, "expert-a", "guess")
    # by hand: after the 5th failure 1 min, after the 6th 2, after the 7th 4
    for minutes in (1, 2, 4):
        clock.forward(minutes=minutes, seconds=-1)
        with pytest.raises(InputError, match="too many"):
            check_password(lite, "expert-a", GOOD)
        clock.forward(seconds=1)
        with pytest.raises(InputError, match="do not fit"):
            check_password(lite, "expert-a", "guess")
    clock.forward(minutes=8)
    assert check_password(lite, "expert-a", GOOD) == key
    with pytest.raises(InputError, match="do not fit"):  # forgotten with the first success
        check_password(lite, "expert-a", "guess")


def test_an_address_that_tries_many_logins_waits(lite, clock):
    with_login(lite)
    for i in range(limits()["failures"]["by_source"]):
        with pytest.raises(InputError, match="do not fit"):
            check_password(lite, f"login{i}", "guess", "192.0.2.1")
        clock.forward(seconds=1)
    with pytest.raises(InputError, match="too many"):
        check_password(lite, "expert-a", GOOD, "192.0.2.1")
    check_password(lite, "expert-a", GOOD, "192.0.2.2")
    clock.forward(hours=1)
    check_password(lite, "expert-a", GOOD, "192.0.2.1")


def bearing(office, secret):
    with office.reading() as session:
        return borne_by(session, secret, office.clock())


def test_sessions_end(office, clock):
    key = with_login(office, "expert-a", Role.EXPERT)
    with office.change(key) as change:
        secret = begin_session(change, key)
    assert bearing(office, secret).actor.roles == {Role.EXPERT}
    assert bearing(office, secret + "x") is None
    clock.forward(minutes=59)
    keep_alive(office, bearing(office, secret))
    clock.forward(minutes=59)
    assert bearing(office, secret) is not None
    clock.forward(minutes=1)
    assert bearing(office, secret) is None  # idle for an hour
    with office.change(key) as change:
        secret = begin_session(change, key)
    for _ in range(12):
        clock.forward(minutes=58)
        keep_alive(office, bearing(office, secret))
    clock.forward(minutes=25)
    assert bearing(office, secret) is None  # twelve hours


def test_a_new_password_or_leaving_ends_sessions_and_tokens(lite):
    key = with_login(lite)
    with lite.change(key) as change:
        one, two = begin_session(change, key), make_token(change, key, "script", ["read"], 30)
    assert bearing(lite, two).scopes == {"read"}
    set_password(lite, key, key, GOOD + " new")
    assert bearing(lite, one) is None
    assert bearing(lite, two) is None
    with lite.change(key) as change:
        one = begin_session(change, key)
    person_in(lite, "Administrator A", Role.ADMINISTRATOR)
    with lite.change(SYSTEM) as change:
        set_active(change, key, active=False)
    assert bearing(lite, one) is None


@pytest.mark.parametrize(("scopes", "days"), [([], 1), (["all"], 1), (["read"], 0), (["read"], 366)])
def test_tokens_that_make_no_sense_are_refused(lite, scopes, days):
    key = with_login(lite)
    with lite.change(key) as change, pytest.raises(InputError):
        make_token(change, key, "", scopes, days)


def test_nobody_ends_or_makes_somebody_elses(lite):
    key, other = with_login(lite), person_in(lite, "Expert B", Role.EXPERT)
    with lite.change(key) as change:
        secret = make_token(change, key, "", ["read"], 1)
    with lite.change(other) as change:
        with pytest.raises(InputError, match="roles held"):
            revoke(change, bearing(lite, secret).key)
        with pytest.raises(InputError, match="roles held"):
            make_token(change, key, "", ["read"], 1)
    with lite.change(key) as change:
        revoke(change, bearing(lite, secret).key)
    assert bearing(lite, secret) is None


@given(parents=st.lists(st.integers(0, 7), min_size=1, max_size=8))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_families_are_a_partition(lite, parents):
    """Organisation i belongs to one made before it; brute force: joined components of the graph of links."""
    with lite.change(SYSTEM) as change:
        keys = []
        for i, parent in enumerate(parents):
            one = Organisation(name={"en": f"Example {i}"}, kind="maker", example=True)
            one.parent = keys[parent] if parent < len(keys) else None
            keys.append(change.add(one).key)
        change.record("test.made", "organisations")
        joined = {key: {key} for key in keys}
        for i, parent in enumerate(parents):
            if parent < i:
                union = joined[keys[i]] | joined[keys[parent]]
                for member in union:
                    joined[member] = union
        assert {key: family(change.session, key) for key in keys} == joined
