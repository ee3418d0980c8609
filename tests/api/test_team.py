"""Members, invitations and ownership: who may give what to whom, and what is left when two act at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.api import limits
from app.api.policy import RANKS
from app.services import invitations
from app.services.uow import unit_of_work
from tests.api.conftest import PASSWORD, Caller, execute, rows
from tests.api.mails import mails, token_in
from tests.api.test_api_keys import key_of

NEW = "new@example.com"


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("limit_mails", "limit_tokens"):
        assert hasattr(limits, name)
        monkeypatch.setattr(f"app.api.invitations.{name}", lambda *_: None)


@pytest.fixture
def make_colleague(merchant: Caller, make_member: Callable[[int, str], Caller]) -> Callable[[str], Caller]:
    return lambda role: make_member(merchant.account_id, role)


def roles(caller: Caller) -> dict[int, str]:
    return {member["user_id"]: member["role"] for member in caller.get("/members")["items"]}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def while_held(query: str, waiting: int, *calls: Callable[[], Any]) -> list[Any]:
    """The answers of calls that all came to a row before any of them got it."""
    with ThreadPoolExecutor(len(calls)) as pool, unit_of_work() as uow:
        uow.session.execute(text(query))
        answers = [pool.submit(call) for call in calls]
        while rows("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0] < waiting:
            pass
        uow.rollback()
        return [answer.result() for answer in answers]


# ---------------------------------------------------------------------------------------------- members


def test_members_are_listed_in_pages(merchant: Caller, make_colleague: Callable[[str], Caller]) -> None:
    staff, viewer = make_colleague("staff"), make_colleague("viewer")
    first = viewer.get("/members", limit=2)
    rest = viewer.get("/members", limit=2, cursor=first["next"])
    shown = [(member["email"], member["role"]) for member in first["items"] + rest["items"]]
    assert shown == [(merchant.email, "owner"), (staff.email, "staff"), (viewer.email, "viewer")]
    assert rest["next"] is None


@pytest.mark.parametrize("giver", ["admin", "owner"])
@pytest.mark.parametrize("before", list(RANKS))
@pytest.mark.parametrize("after", list(RANKS))
def test_a_role_is_given_by_whoever_has_it_to_whoever_has_no_more(
    merchant: Caller, make_colleague: Callable[[str], Caller], giver: str, before: str, after: str
) -> None:
    member = make_colleague(before)
    answer = make_colleague(giver).call("PATCH", f"/members/{member.user_id}", json={"role": after})
    if max(RANKS[before], RANKS[after]) <= RANKS[giver]:
        assert (answer.status_code, answer.json()["role"]) == (200, after)
        assert roles(merchant)[member.user_id] == after
    else:
        assert code(answer) == (403, "role_too_low")
        assert roles(merchant)[member.user_id] == before


def test_a_changed_role_holds_at_once_and_is_written_down(
    merchant: Caller, make_colleague: Callable[[str], Caller]
) -> None:
    member = make_colleague("staff")
    path = f"/members/{member.user_id}"
    assert member.call("GET", "/audit-log").status_code == 403
    merchant.call("PATCH", path, json={"role": "admin"})
    merchant.call("PATCH", path, json={"role": "admin"})
    [entry] = member.get("/audit-log")["items"]
    assert (entry["action"], entry["actor_name"]) == ("member.role_changed", merchant.email)
    assert (entry["subject"], entry["detail"]) == (
        f"user:{member.user_id}",
        {"from": "staff", "to": "admin"},
    )
    for wrong in ({"role": "king"}, {"role": None}, {}, {"role": "staff", "email": NEW}):
        assert merchant.call("PATCH", path, json=wrong).status_code == 422


def test_who_is_removed_is_out_at_once_with_their_keys_and_invitations(
    merchant: Caller, make_colleague: Callable[[str], Caller]
) -> None:
    admin = make_colleague("admin")
    key = key_of(admin, "stock:read")
    admin.post("/invitations", {"email": NEW, "role": "staff"})
    assert merchant.call("DELETE", f"/members/{admin.user_id}").status_code == 204
    assert admin.call("GET", "/stock").status_code == key.call("GET", "/stock").status_code == 401
    assert merchant.get("/invitations")["items"] == []
    execute(
        "INSERT INTO memberships (account_id, user_id, role) VALUES (:a, :u, 'admin')",
        a=merchant.account_id,
        u=admin.user_id,
    )
    assert key.call("GET", "/stock").status_code == 401
    assert merchant.call("DELETE", "/members/999999").status_code == 404


def test_an_admin_removes_no_owner(merchant: Caller, make_colleague: Callable[[str], Caller]) -> None:
    make_colleague("owner")
    answer = make_colleague("admin").call("DELETE", f"/members/{merchant.user_id}")
    assert code(answer) == (403, "role_too_low")
    assert merchant.user_id in roles(merchant)


@pytest.mark.parametrize("role", list(RANKS))
def test_anybody_may_leave_but_the_last_owner(
    merchant: Caller, make_colleague: Callable[[str], Caller], role: str
) -> None:
    member = make_colleague(role)
    assert member.post("/account/leave").status_code == 204
    assert member.call("GET", "/members").status_code == 401
    assert code(merchant.post("/account/leave")) == (409, "last_owner")
    assert code(merchant.call("DELETE", f"/members/{merchant.user_id}")) == (409, "last_owner")
    demotion = merchant.call("PATCH", f"/members/{merchant.user_id}", json={"role": "admin"})
    assert code(demotion) == (409, "last_owner")
    assert roles(merchant) == {merchant.user_id: "owner"}


def test_ownership_is_transferred(merchant: Caller, make_colleague: Callable[[str], Caller]) -> None:
    member = make_colleague("viewer")
    path = "/account/transfer-ownership"
    assert code(make_colleague("admin").post(path, {"user_id": member.user_id})) == (403, "forbidden")
    assert merchant.post(path, {"user_id": merchant.user_id}).status_code == 409
    assert merchant.post(path, {"user_id": 999999}).status_code == 404
    assert merchant.post(path, {"user_id": 2.6e-42}).status_code == 422
    assert merchant.post(path, {"user_id": member.user_id}).json()["role"] == "owner"
    assert roles(member)[merchant.user_id] == "admin"
    assert merchant.post(path, {"user_id": merchant.user_id}).status_code == 403


def test_two_owners_who_demote_each_other_leave_one(
    merchant: Caller, make_colleague: Callable[[str], Caller]
) -> None:
    """Both have come as owners before either has changed anything."""
    other = make_colleague("owner")

    def demote(by: Caller, whom: Caller) -> Callable[[], int]:
        return lambda: by.call("PATCH", f"/members/{whom.user_id}", json={"role": "viewer"}).status_code

    answers = while_held(
        "SELECT 1 FROM accounts FOR UPDATE", 2, demote(merchant, other), demote(other, merchant)
    )
    assert sorted(answers) == [200, 403]
    assert sorted(row.role for row in rows("SELECT role FROM memberships")) == ["owner", "viewer"]


def test_two_owners_who_leave_at_once_leave_one(
    merchant: Caller, make_colleague: Callable[[str], Caller]
) -> None:
    other = make_colleague("owner")
    answers = while_held(
        "SELECT 1 FROM accounts FOR UPDATE",
        2,
        lambda: merchant.post("/account/leave").status_code,
        lambda: other.post("/account/leave").status_code,
    )
    assert sorted(answers) == [204, 409]
    assert [row.role for row in rows("SELECT role FROM memberships")] == ["owner"]


# ------------------------------------------------------------------------------------------ invitations


def invited(by: Caller, role: str = "staff", email: str = NEW) -> str:
    """The token of the mail."""
    answer = by.post("/invitations", {"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    return token_in(mails(email.strip().lower())[-1])


def stranger(to: Caller) -> Caller:
    return replace(to, user_id=0, email="", token="")


def test_a_new_person_is_invited_joins_with_a_password_and_signs_in(merchant: Caller) -> None:
    token = invited(merchant, email=" New@Example.com "[1:-1])
    [mail] = mails(NEW)
    assert merchant.email in mail["subject"]
    assert mail["html"].count(token) == 1
    [open_one] = merchant.get("/invitations")["items"]
    assert (open_one["email"], open_one["role"], open_one["expired"]) == (NEW, "staff", False)
    assert open_one["invited_by"] == merchant.email
    assert token not in str(rows("SELECT * FROM invitations")) + str(rows("SELECT * FROM audit_log"))

    someone = stranger(merchant)
    shown = someone.post("/invitations/show", {"token": token}).json()
    assert (shown["account_name"], shown["email"], shown["role"], shown["is_known"]) == (
        "A shop",
        NEW,
        "staff",
        False,
    )
    assert someone.post("/invitations/accept", {"token": token}).status_code == 422
    assert someone.post("/invitations/accept", {"token": token, "password": "short"}).status_code == 422
    accept = {"token": token, "password": PASSWORD}
    assert someone.post("/invitations/accept", accept).status_code == 200
    assert code(someone.post("/invitations/accept", accept)) == (422, "invalid_token")
    someone.email = NEW
    assert someone.sign_in().status_code == 200
    assert someone.get("/me")["role"] == "staff"
    assert merchant.get("/invitations")["items"] == []
    actions = [entry["action"] for entry in merchant.get("/audit-log")["items"]]
    assert actions == ["user.signed_in", "member.joined", "invitation.sent"]


def test_a_user_of_another_account_joins_and_keeps_their_password(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    user = make_merchant()
    token = invited(merchant, "viewer", user.email)
    assert user.post("/invitations/show", {"token": token}).json()["is_known"]
    answer = user.post("/invitations/accept", {"token": token, "password": "another password"})
    assert answer.json()["account_id"] == merchant.account_id
    assert roles(merchant)[user.user_id] == "viewer"
    assert user.sign_in("another password").status_code == 401
    assert user.sign_in().json()["account_id"] == user.account_id
    assert code(merchant.post("/invitations", {"email": user.email, "role": "staff"})) == (409, "conflict")


@pytest.mark.parametrize("inviter", list(RANKS))
@pytest.mark.parametrize("role", list(RANKS))
def test_nobody_invites_to_a_role_above_their_own(
    make_colleague: Callable[[str], Caller], inviter: str, role: str
) -> None:
    answer = make_colleague(inviter).post("/invitations", {"email": NEW, "role": role})
    may = RANKS[inviter] >= max(RANKS["admin"], RANKS[role])
    assert answer.status_code == (201 if may else 403)
    assert len(mails(NEW)) == may


def test_an_offer_above_what_the_inviter_still_may_give_lapses(
    merchant: Caller, make_colleague: Callable[[str], Caller]
) -> None:
    owner = make_colleague("owner")
    as_owner, as_staff = invited(owner, "owner", "a@example.com"), invited(owner, "staff", "b@example.com")
    merchant.call("PATCH", f"/members/{owner.user_id}", json={"role": "admin"})
    someone = stranger(merchant)
    refused = someone.post("/invitations/accept", {"token": as_owner, "password": PASSWORD})
    assert code(refused) == (422, "invalid_token")
    taken = someone.post("/invitations/accept", {"token": as_staff, "password": PASSWORD})
    assert taken.status_code == 200


def test_an_invitation_is_sent_again_expires_and_is_revoked(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    first = invited(merchant)
    someone = stranger(merchant)
    execute("UPDATE invitations SET expires_at = now()")
    assert code(someone.post("/invitations/show", {"token": first})) == (422, "invalid_token")
    [expired] = merchant.get("/invitations")["items"]
    assert expired["expired"]
    assert merchant.post("/invitations", {"email": NEW, "role": "staff"}).status_code == 409

    path = f"/invitations/{expired['id']}"
    assert make_merchant().post(f"{path}/resend").status_code == 404
    assert make_merchant().call("DELETE", path).status_code == 404
    assert not merchant.post(f"{path}/resend").json()["expired"]
    second = token_in(mails(NEW)[-1])
    accept = {"token": first, "password": PASSWORD}
    assert code(someone.post("/invitations/accept", accept)) == (422, "invalid_token")
    assert someone.post("/invitations/show", {"token": second}).status_code == 200

    assert merchant.call("DELETE", path).status_code == 204
    assert merchant.call("DELETE", path).status_code == merchant.post(f"{path}/resend").status_code == 404
    accept["token"] = second
    assert code(someone.post("/invitations/accept", accept)) == (422, "invalid_token")
    assert rows("SELECT 1 FROM users WHERE email = :email", email=NEW) == []


def test_an_admin_does_not_send_an_owners_invitation_again(
    merchant: Caller, make_colleague: Callable[[str], Caller]
) -> None:
    token = invited(merchant, "owner")
    [open_one] = merchant.get("/invitations")["items"]
    answer = make_colleague("admin").post(f"/invitations/{open_one['id']}/resend")
    assert code(answer) == (403, "role_too_low")
    assert len(mails(NEW)) == 1
    assert stranger(merchant).post("/invitations/show", {"token": token}).status_code == 200


def test_a_link_that_is_opened_twice_at_once_works_once(merchant: Caller) -> None:
    token = invited(merchant)
    accept = {"token": token, "password": PASSWORD}
    someone = stranger(merchant)
    answers = while_held(
        "SELECT 1 FROM accounts FOR UPDATE",
        2,
        *[lambda: someone.post("/invitations/accept", accept).status_code] * 2,
    )
    assert sorted(answers) == [200, 422]
    assert len(rows("SELECT 1 FROM users WHERE email = :email", email=NEW)) == 1


def test_an_inviter_who_is_removed_while_the_link_is_opened_takes_it_along(
    merchant: Caller, make_colleague: Callable[[str], Caller]
) -> None:
    """In whatever order: nobody gets in by somebody who was out before."""
    admin = make_colleague("admin")
    accept = {"token": invited(admin), "password": PASSWORD}
    someone = stranger(merchant)
    removed, accepted = while_held(
        "SELECT 1 FROM accounts FOR UPDATE",
        2,
        lambda: merchant.call("DELETE", f"/members/{admin.user_id}").status_code,
        lambda: someone.post("/invitations/accept", accept).status_code,
    )
    assert removed == 204
    order = [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")]
    joined = "member.joined" in order
    assert accepted == (200 if joined else 422)
    assert not joined or order.index("member.joined") < order.index("member.removed")


def test_open_invitations_are_bounded_even_in_a_race(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MOST_OPEN", 2)
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(
            lambda n: merchant.post("/invitations", {"email": f"a{n}@example.com", "role": "viewer"}),
            range(4),
        )
        assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": "a@b.c\nBcc: d@e.f"},
        {"email": "x" * 320 + "@example.com"},
        {"email": "ännä@example.com"},
        {"email": '"a\x1b[31m"@example.com'},
        {"email": None},
        {"role": "king"},
        {"account_id": 1},
    ],
)
def test_what_invites_nobody_is_refused(merchant: Caller, wrong: dict[str, Any]) -> None:
    answer = merchant.post("/invitations", {"email": NEW, "role": "staff", **wrong})
    assert answer.status_code == 422
    assert rows("SELECT 1 FROM mails") == []


def test_what_an_account_is_called_does_no_harm_in_a_mail(merchant: Caller) -> None:
    execute("UPDATE accounts SET name = '<script>x</script>{{ 7*7 }}' || repeat(chr(10), 2) || 'Bcc: a@b.c'")
    invited(merchant)
    [mail] = mails(NEW)
    assert "Bcc" in mail["subject"]
    assert not any(line.startswith("Bcc") for line in mail["text"].splitlines())
    assert "\n" not in mail["subject"]
    assert "<script>" not in mail["html"]
    assert "49" not in mail["subject"]


def test_invitations_come_in_pages(merchant: Caller) -> None:
    for number in range(3):
        invited(merchant, email=f"a{number}@example.com")
    first = merchant.get("/invitations", limit=2)
    rest = merchant.get("/invitations", limit=2, cursor=first["next"])
    assert [one["email"][:2] for one in first["items"] + rest["items"]] == ["a0", "a1", "a2"]
    assert rest["next"] is None
