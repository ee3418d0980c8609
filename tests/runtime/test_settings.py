"""The environment is read once, and everything wrong with it is said at once."""

from __future__ import annotations

import base64

import pytest

from app.settings import Settings, SettingsError

KEY = base64.urlsafe_b64encode(bytes(32)).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
COMPLETE = {
    "ENVIRONMENT": "development",
    "DATABASE_URL": "postgresql://u:p%40ss@db:5432/syncflow",
    "REDIS_URL": "redis://:p@cache:6379/0",
    "SECRET_KEY": "s" * 32,
    "CREDENTIAL_KEYS": f"{KEY}, {OTHER_KEY}",
    "PUBLIC_URL": "https://sync.example.com/",
}


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return caught.value.problems


def test_complete_environment_is_read_with_documented_defaults() -> None:
    settings = Settings.from_env(COMPLETE)
    assert settings.database_url == "postgresql://u:p%40ss@db:5432/syncflow"
    assert settings.sqlalchemy_url == "postgresql+psycopg://u:p%40ss@db:5432/syncflow"
    assert settings.credential_keys == (KEY, OTHER_KEY)
    assert settings.public_url == "https://sync.example.com"
    assert (settings.port, settings.log_level, settings.log_format) == (8000, "INFO", "json")
    assert (settings.order_poll_seconds, settings.level_sweep_seconds) == (30, 900)
    assert (settings.drift_settle_seconds, settings.push_window_ms) == (5, 200)
    assert settings.allow_private_shops is False


def test_every_missing_variable_is_named_at_once_and_no_secret_has_a_default() -> None:
    assert problems({}) == (
        "DATABASE_URL is not set.",
        "REDIS_URL is not set.",
        "SECRET_KEY is not set.",
        "CREDENTIAL_KEYS is not set.",
        "PUBLIC_URL is not set.",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db/syncflow"),
        ("DATABASE_URL", "syncflow"),
        ("REDIS_URL", "cache:6379"),
        ("SECRET_KEY", "short"),
        ("CREDENTIAL_KEYS", f"{KEY},not-a-key"),
        ("CREDENTIAL_KEYS", ","),
        ("PUBLIC_URL", "sync.example.com"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("PORT", "eight"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("ALLOW_PRIVATE_SHOPS", "perhaps"),
        ("SANDBOX_SHOPS", "http://127.0.0.1:9000"),
        ("SANDBOX_SHOPS", "[]"),
        ("SANDBOX_SHOPS", '[{"platform": "woocommerce"}]'),
        ("SANDBOX_SHOPS", '[{"platform": "woocommerce", "name": "S", "config": {"store_url": 1}}]'),
        ("MAIL_URL", "https://mail.example.com"),
        ("MAIL_URL", "smtps://"),
        ("MAIL_FROM", "nobody"),
        ("ORDER_POLL_SECONDS", "0"),
        ("ORDER_POLL_SECONDS", "1.5"),
        ("PUSH_WINDOW_MS", "-200"),
    ],
)
def test_wrong_value_is_named_without_repeating_it(name: str, value: str) -> None:
    (problem,) = problems({**COMPLETE, name: value})
    assert problem.startswith(f"{name} must ")
    assert value not in problem.split()


def test_a_mail_server_needs_a_sender() -> None:
    server = {"MAIL_URL": "smtps://u:hush@mail.example.com"}
    assert problems(COMPLETE | server) == ("MAIL_FROM is not set, but MAIL_URL is.",)
    settings = Settings.from_env(COMPLETE | server | {"MAIL_FROM": "SyncFlow <sync@example.com>"})
    assert (settings.mail_url, settings.mail_from) == (server["MAIL_URL"], "SyncFlow <sync@example.com>")
    assert "hush" not in repr(settings)


def test_missing_and_wrong_variables_are_listed_together() -> None:
    environ = {**COMPLETE, "SECRET_KEY": "", "PORT": "x", "LOG_LEVEL": "LOUD"}
    assert [problem.split()[0] for problem in problems(environ)] == ["SECRET_KEY", "PORT", "LOG_LEVEL"]


def test_values_are_read_as_people_write_them() -> None:
    environ = {
        **COMPLETE,
        "DATABASE_URL": "postgres://db/x",
        "LOG_LEVEL": "debug",
        "ALLOW_PRIVATE_SHOPS": "Yes",
        "PUSH_WINDOW_MS": " 0 ",
    }
    settings = Settings.from_env(environ)
    assert settings.database_url == "postgresql://db/x"
    assert settings.log_level == "DEBUG"
    assert settings.allow_private_shops is True
    assert settings.push_window_ms == 0


def test_sandbox_shops_are_read_and_their_secrets_not_shown() -> None:
    offered = '[{"platform": "woocommerce", "name": "Play", "config": {"consumer_key": "ck_hush"}}]'
    settings = Settings.from_env({**COMPLETE, "SANDBOX_SHOPS": offered})
    [shop] = settings.sandbox_shops
    assert (shop.platform, shop.name, shop.config) == ("woocommerce", "Play", {"consumer_key": "ck_hush"})
    assert "hush" not in repr(settings) + repr(shop)


def test_platform_settings_are_found_by_slug_without_a_list_of_platforms() -> None:
    environ = {
        **COMPLETE,
        "SYNCFLOW_SHOPIFY_API_KEY": "abc",
        "SYNCFLOW_SHOPIFY_API_SECRET": "",
        "SYNCFLOW_WOOCOMMERCE_KEY": "w",
    }
    settings = Settings.from_env(environ)
    assert settings.platform("shopify") == {"api_key": "abc"}
    assert settings.platform("woocommerce") == {"key": "w"}
    assert settings.platform("amazon") == {}


def test_repr_holds_no_secret() -> None:
    shown = repr(Settings.from_env({**COMPLETE, "SYNCFLOW_SHOPIFY_API_SECRET": "hush"}))
    for secret in ("p%40ss", ":p@cache", "s" * 32, KEY, OTHER_KEY, "hush"):
        assert secret not in shown


def test_only_settings_are_taken_from_an_environment() -> None:
    platform = {"SYNCFLOW_SHOPIFY_API_KEY": "abc"}
    environ = {**COMPLETE, **platform, "BIND_HOST": "0.0.0.0", "HOME": "/home/a", "AWS_SECRET": "x"}
    kept = Settings.only_variables(environ)
    assert kept == {**COMPLETE, **platform, "BIND_HOST": "0.0.0.0"}
    assert Settings.from_env(kept).bind_host == "0.0.0.0"
