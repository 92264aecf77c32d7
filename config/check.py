"""What `check-config` tells beyond right and wrong: numbers that have grown old, and what is off and why. Pure."""

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from config.secrets import ENVIRONMENT, GROUPS, Secrets
from config.settings import Features, Listen, Settings, numbered

LOOPBACK = ("localhost", "::1")
TOKEN_MIN = 16  # characters, of what guards the page against other machines


class Off(Struct, frozen=True):
    """One thing that this configuration leaves off, why, and what would turn it on."""

    what: str
    why: str


def exposed(listen: Listen, secrets: Secrets) -> str | None:
    """Why this address must not be opened; None where it is loopback, off, or guarded by a token."""
    if not 0 <= listen.port <= 65_535:
        return f"radar.yaml: expected a port of 0 to 65535, got {listen.port} - at `$.listen.port`"
    if not listen.enabled or listen.host in LOOPBACK or listen.host.startswith("127."):
        return None
    open_to_all = f"radar.yaml: `$.listen.host` {listen.host} is open to other machines"
    if not secrets.web_token:
        return f"{open_to_all}; set WEB_TOKEN, or listen on 127.0.0.1"
    if len(secrets.web_token) < TOKEN_MIN:
        return f"{open_to_all}, and WEB_TOKEN could be guessed: give it {TOKEN_MIN} characters or more"
    return None


def overdue(settings: Settings, today: date) -> list[str]:
    """One line for every number whose `review_by` lies before `today` (UTC), with file and key."""
    lines = [
        f"{key}: {fee.value} {fee.unit} of {fee.date} was to be reviewed by {fee.review_by} (source: {fee.source})"
        for key, fee in numbered(settings)
        if date.fromisoformat(fee.review_by) < today
    ]
    lines += [
        f"vasp_matrix.yaml: {korean}.{venue}: {entry.deposit!r} of {entry.date} was to be reviewed by {entry.review_by}"
        for korean, row in settings.vasps.items()
        for venue, entry in row.items()
        if date.fromisoformat(entry.review_by) < today
    ]
    lines += [
        f"hedges.yaml: {name}.coins: the list of {dex.coins_checked.date} was to be reviewed by"
        f" {dex.coins_checked.review_by} (source: {dex.coins_checked.source})"
        for name, dex in settings.hedges.items()
        if date.fromisoformat(dex.coins_checked.review_by) < today
    ]
    return lines


def off(features: Features, secrets: Secrets) -> list[Off]:
    """What does not run, and why: a switch in features.yaml, or a secret that is missing or only half given."""
    return [*_switched_off(features), *_without_secret(features, secrets)]


def _switched_off(features: Features) -> Iterator[Off]:
    for name in features.__struct_fields__:
        if not getattr(features, name):
            yield Off(name, f"features.yaml says {name}: false")


class _Need(Struct, frozen=True):
    what: str
    secrets: tuple[str, ...]
    without: str


NEEDS = (
    _Need("telegram", GROUPS[0], "alerts go to the log only"),
    _Need("upbit_announcement", GROUPS[1], "Upbit opens its announcement socket to key holders only (any key will do)"),
    _Need("transfer_state_upbit", GROUPS[1], "Upbit's deposit and withdrawal state is unknown"),
    _Need("transfer_state_binance", GROUPS[2], "Binance's withdrawal state is unknown"),
    _Need("transfer_state_okx", GROUPS[3], "OKX's withdrawal state is unknown"),
    _Need("transfer_state_bybit", GROUPS[4], "Bybit's withdrawal state is unknown"),
    _Need("second_channel", ("alert_webhook_url",), "while Telegram is down, nobody is told"),
    _Need("deadman", ("deadman_url",), "nobody outside notices when this machine is gone"),
)


def _without_secret(features: Features, secrets: Secrets) -> Iterator[Off]:
    for need in NEEDS:
        if need.what in features.__struct_fields__ and not getattr(features, need.what):
            continue  # said already
        missing = [ENVIRONMENT[name] for name in need.secrets if not secrets.complete(name)]
        if missing:
            yield Off(need.what, f"{need.without}; set {' and '.join(missing)}")
