"""What a client asks about the shop itself: the API's index, settings, currency, system status."""

from flask import Flask, Response

from sandbox.core.store import Document
from sandbox.woocommerce.dates import SITE_OFFSET_HOURS
from sandbox.woocommerce.errors import RestError
from sandbox.woocommerce.hooks import WORDPRESS
from sandbox.woocommerce.rest import ROOT, Store, answer

CURRENCY_NAMES = {"USD": "United States (US) dollar", "EUR": "Euro", "GBP": "Pound sterling"}
CURRENCY_SYMBOLS = {"USD": "&#36;", "EUR": "&euro;", "GBP": "&pound;"}


def add_shop_routes(app: Flask, store: Store) -> None:
    @app.get("/wp-json/")
    def index() -> Response:
        home = store.core.base_url
        body = {
            "name": store.title,
            "description": "",
            "url": home,
            "home": home,
            "gmt_offset": str(SITE_OFFSET_HOURS),
            "timezone_string": "",
            "namespaces": ["oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wp/v2"],
            "authentication": [],
            "routes": _routes(app, store),
        }
        return answer(body)

    @app.get(f"{ROOT}/")
    def namespace_index() -> Response:
        return answer({"namespace": "wc/v3", "routes": _routes(app, store)})

    @app.get(f"{ROOT}/data/currencies/current")
    def currency() -> Response:
        code = store.currency
        symbol = CURRENCY_SYMBOLS.get(code, code)
        return answer({"code": code, "name": CURRENCY_NAMES.get(code, code), "symbol": symbol})

    @app.get(f"{ROOT}/settings/general")
    def general_settings() -> Response:
        return answer(_settings(store))

    @app.get(f"{ROOT}/settings/general/<setting_id>")
    def general_setting(setting_id: str) -> Response:
        for setting in _settings(store):
            if setting["id"] == setting_id:
                return answer(setting)
        raise RestError("rest_setting_setting_invalid", "Invalid setting.", 404)

    @app.get(f"{ROOT}/system_status")
    def system_status() -> Response:
        return answer(_status(store))


def _routes(app: Flask, store: Store) -> Document:
    """Every route's path with WordPress's placeholders, as a client looks for what a version offers."""
    routes = {}
    for rule in app.url_map.iter_rules():
        path = str(rule).removeprefix("/wp-json")
        if path.startswith("/wc/v3") and (path != "/wc/v3/variations" or store.plan.lists_all_variations):
            named = path.replace("<int:", "(?P<").replace(">", r">[\d]+)").rstrip("/")
            routes[named] = {"namespace": "wc/v3", "methods": sorted((rule.methods or set()) - {"OPTIONS"})}
    return routes


def _settings(store: Store) -> list[Document]:
    values = {
        "woocommerce_currency": ("Currency", "select", store.currency),
        "woocommerce_default_country": ("Country / State", "select", "US:CA"),
        "woocommerce_price_num_decimals": ("Number of decimals", "number", "2"),
        "woocommerce_calc_taxes": ("Enable taxes", "checkbox", "no"),
    }
    return [
        {
            "id": setting_id,
            "label": label,
            "description": "",
            "type": kind,
            "default": value,
            "value": value,
            "group_id": "general",
        }
        for setting_id, (label, kind, value) in values.items()
    ]


def _status(store: Store) -> Document:
    home = store.core.base_url
    return {
        "environment": {
            "home_url": home,
            "site_url": home,
            "version": store.plan.settings["version"],
            "wp_version": WORDPRESS,
            "wp_multisite": False,
            "language": "en_US",
        },
        "database": {"wc_database_version": store.plan.settings["version"]},
        "active_plugins": [],
        "theme": {"name": "Twenty Twenty-Five"},
        "settings": {
            "api_enabled": False,
            "force_ssl": False,
            "currency": store.currency,
            "currency_symbol": CURRENCY_SYMBOLS.get(store.currency, store.currency),
            "number_of_decimals": 2,
            "HPOS_enabled": True,
        },
        "security": {"secure_connection": False, "hide_errors": True},
    }
