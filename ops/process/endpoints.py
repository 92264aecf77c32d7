"""Where every service answers: in the world, or all of them at a simulator. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from config.settings import Settings

WEBHOOK = "webhook"
SIMULATED_WEBHOOK = "/webhook"
DEADMAN = "deadman"
SIMULATED_DEADMAN = "/webhook/deadman"
TELEGRAM = "telegram"
TELEGRAM_UPDATES = "telegram_updates"  # the same host; what goes wrong while we wait for commands holds no alert up


class Endpoints(Struct, frozen=True):
    """Base URLs by service, for requests and for sockets; deadlines and published rates go with them."""

    http: Mapping[str, str]
    sockets: Mapping[str, str]
    deadlines_s: Mapping[str, float]
    rates: Mapping[str, Mapping[str, float]]


def endpoints(
    settings: Settings, simulator: str | None, webhook_url: str | None, deadman_url: str | None = None
) -> Endpoints:
    """The addresses of exchanges.yaml, or the same services below `simulator`."""
    http = {name: service.base_url for name, service in settings.services.items()}
    sockets = {name: service.socket_url for name, service in settings.services.items() if service.socket_url}
    if webhook_url is not None:
        http[WEBHOOK] = webhook_url
    if deadman_url is not None:
        http[DEADMAN] = deadman_url
    if simulator is not None:
        root = simulator.rstrip("/")
        http = {name: root + service.simulator_path for name, service in settings.services.items()}
        http[WEBHOOK] = root + SIMULATED_WEBHOOK
        http[DEADMAN] = root + SIMULATED_DEADMAN
        socket_root = "ws" + root.removeprefix("http")
        sockets = {name: socket_root + settings.services[name].simulator_path for name in sockets}
    if TELEGRAM in http:
        http[TELEGRAM_UPDATES] = http[TELEGRAM]
    return Endpoints(
        http=http,
        sockets=sockets,
        deadlines_s={name: service.deadline_s for name, service in settings.services.items()},
        rates={
            name: {**service.rates, "connect": service.connects_per_s} for name, service in settings.services.items()
        },
    )
