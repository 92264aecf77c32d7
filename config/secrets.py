"""What only the owner may know, as one value that never shows itself. Pure; `config/load.py` reads it.

All of it is optional. A secret that is half given (a key without its secret) counts as absent, and is said so.
"""

from msgspec import Struct

from config.redaction import Redactor


class Secrets(Struct, frozen=True, repr_omit_defaults=True):
    """Tokens and keys; `None` or empty where the owner gave none. Its repr names what is set and never a value."""

    telegram_bot_token: str | None = None
    telegram_chat_ids: tuple[str, ...] = ()
    upbit_access_key: str | None = None
    upbit_secret_key: str | None = None
    binance_api_key: str | None = None
    binance_api_secret: str | None = None
    okx_api_key: str | None = None
    okx_api_secret: str | None = None
    okx_api_passphrase: str | None = None
    bybit_api_key: str | None = None
    bybit_api_secret: str | None = None
    coingecko_api_key: str | None = None
    alert_webhook_url: str | None = None
    deadman_url: str | None = None
    web_token: str | None = None

    def __repr__(self) -> str:
        return f"Secrets({', '.join(f'{name}=set' for name in self.present())})"

    __str__ = __repr__

    def present(self) -> tuple[str, ...]:
        """Names of what is set."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name))

    def values(self) -> tuple[str, ...]:
        """Every secret text. Chat ids are addresses, not secrets; show the rest to nothing but a redactor."""
        texts = [getattr(self, name) for name in self.__struct_fields__ if name != "telegram_chat_ids"]
        return tuple(text for text in texts if text)

    def redactor(self) -> Redactor:
        """Blanks all of them out of a text."""
        return Redactor(self.values())

    def complete(self, *names: str) -> bool:
        """Whether all of these are set; half a pair is of no use."""
        return all(getattr(self, name) for name in names)


GROUPS = (
    ("telegram_bot_token", "telegram_chat_ids"),
    ("upbit_access_key", "upbit_secret_key"),
    ("binance_api_key", "binance_api_secret"),
    ("okx_api_key", "okx_api_secret", "okx_api_passphrase"),
    ("bybit_api_key", "bybit_api_secret"),
)
ENVIRONMENT = {
    **{name: name.upper() for name in Secrets.__struct_fields__},
    "telegram_chat_ids": "TELEGRAM_CHAT_ID",
}
"""Field of `Secrets` -> its name in the environment and in `$CREDENTIALS_DIRECTORY`."""
