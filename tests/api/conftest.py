"""The application on the run's database, served over loopback, and merchants to call it as."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import text
from werkzeug.serving import make_server

from app import close_app, create_app
from app.api.tokens import access_token
from app.models import Account, Connection, Membership, User
from app.platforms.registry import platforms
from app.services import sessions
from app.services.auth import Principal, principal_of
from app.services.credentials import vault
from app.services.sessions import Client, SignedIn
from app.services.uow import unit_of_work
from app.settings import Settings
from tests.api import fake_platform
from tests.api.documented import Document

PASSWORD = "correct horse battery"
WEBHOOK_SECRET = "the connection's own secret"


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    """With a platform of our own beside the real ones."""
    application = create_app(settings)
    platforms()[fake_platform.SLUG] = fake_platform.PLATFORM
    yield application
    platforms().pop(fake_platform.SLUG, None)  # another folder's application may have had it, too
    close_app(application)


@pytest.fixture(autouse=True)
def _in_app(app: Flask, clean_database: str, clean_redis: str) -> Iterator[None]:
    app.extensions["intake"].forget()
    with app.app_context():
        yield
    app.extensions["errors"].forget()


@pytest.fixture(scope="session")
def base_url(app: Flask) -> Iterator[str]:
    """Where the application is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def openapi(app: Flask) -> Document:
    return Document(app)


@dataclass
class Caller:
    """A signed-in user of one account, whose every answer has to be as documented."""

    base_url: str
    openapi: Document
    account_id: int
    user_id: int
    email: str
    token: str = ""
    languages: str = ""
    """What the browser asks for, as Accept-Language; nothing where empty."""

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10,
        **options: Any,
    ) -> requests.Response:
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        own |= {"Accept-Language": self.languages} if self.languages else {}
        answer = requests.request(
            method,
            f"{self.base_url}/api/v1{path}",
            headers={**own, **(headers or {})},
            timeout=timeout,
            **options,
        )
        self.openapi.check(answer)
        return answer

    def get(self, path: str, **query: Any) -> Any:
        """The answer's document; fails on anything but a 200."""
        answer = self.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, document: Any = None) -> requests.Response:
        return self.call("POST", path, json=document)

    def sign_in(self, password: str = PASSWORD) -> requests.Response:
        answer = self.post("/auth/login", {"email": self.email, "password": password})
        self.token = answer.json().get("access_token", "")
        return answer


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Of PASSWORD; made once, since hashing is meant to be slow."""
    return PasswordHasher().hash(PASSWORD)


@pytest.fixture
def make_member(base_url: str, openapi: Document, password_hash: str) -> Callable[[int, str], Caller]:
    """Adds users in some role to an account; they hold a token as signing in gives it."""
    numbers = itertools.count(1)

    def make(account_id: int, role: str) -> Caller:
        with unit_of_work() as uow:
            user = User(email=f"{role}{next(numbers)}@example.com", password_hash=password_hash)
            uow.session.add(user)
            uow.session.flush()
            uow.session.add(Membership(account_id=account_id, user_id=user.id, role=role))
            uow.commit()
        begun = begin_session(Principal(user.id, user.email, account_id, "A shop", role))
        return Caller(base_url, openapi, account_id, user.id, user.email, access_token_of(begun))

    return make


def begin_session(principal: Principal) -> SignedIn:
    """As signing in does, without the work of checking a password."""
    with unit_of_work() as uow:
        begun = sessions.begin(uow.session, principal, Client("a test", "127.0.0.1"))
        uow.commit()
    return begun


def access_token_of(begun: SignedIn) -> str:
    return access_token(begun.principal, begun.session_id)


def begin_anew(caller: Caller) -> None:
    """Another session for a user, whose token is the caller's from now on."""
    with unit_of_work() as uow:
        principal = principal_of(uow.session, caller.user_id, caller.account_id)
    assert principal is not None
    caller.token = access_token_of(begin_session(principal))


@pytest.fixture
def make_merchant(make_member: Callable[[int, str], Caller]) -> Callable[[], Caller]:
    """Opens accounts with a signed-in owner."""

    def make() -> Caller:
        with unit_of_work() as uow:
            account = Account(name="A shop")
            uow.session.add(account)
            uow.commit()
        return make_member(account.id, "owner")

    return make


@pytest.fixture
def merchant(make_merchant: Callable[[], Caller]) -> Caller:
    return make_merchant()


@pytest.fixture
def make_connection() -> Callable[..., Connection]:
    """Stores a connected shop of the fake platform."""
    numbers = itertools.count(1)

    def make(account_id: int | None = None, **columns: Any) -> Connection:
        with unit_of_work() as uow:
            if account_id is None:
                account = Account(name="A shop")
                uow.session.add(account)
                uow.session.flush()
                account_id = account.id
            values = {
                "platform": fake_platform.SLUG,
                "external_shop_id": f"shop{next(numbers)}",
                "name": "Shop",
                "state": "active",
                "credentials": vault().seal({"token": "t0", "refresh": "r0"}),
                "webhook_secret": vault().seal_text(WEBHOOK_SECRET),
            }
            connection = Connection(account_id=account_id, **(values | columns))
            uow.session.add(connection)
            uow.session.flush()
            uow.session.refresh(connection)
            uow.session.expunge(connection)
            uow.commit()
        return connection

    return make


def rows(query: str, **parameters: Any) -> list[Any]:
    """What is stored."""
    with unit_of_work() as uow:
        return list(uow.session.execute(text(query), parameters).all())


def execute(query: str, **parameters: Any) -> None:
    with unit_of_work() as uow:
        uow.session.execute(text(query), parameters)
        uow.commit()
