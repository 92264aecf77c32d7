"""Reads the configuration folder, the environment and systemd's credentials.

Numbers come from YAML, secrets never do. Everything that is wrong with either is a SettingsError that says file, key
and what was expected, and shows no secret.
"""

import os
import re
from collections.abc import Hashable, Mapping
from pathlib import Path

import yaml

from config.secrets import ENVIRONMENT
from config.secrets import Secrets as Secrets
from config.settings import Settings, SettingsError, build

FILES = (
    "radar.yaml",
    "features.yaml",
    "exchanges.yaml",
    "fees.yaml",
    "networks.yaml",
    "vasp_matrix.yaml",
    "hedges.yaml",
)
LONGEST_SECRET = 4_096


_Plain = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # the parser in C takes a tenth of the time


class _Loader(_Plain):  # type: ignore[valid-type,misc]  # one of two classes
    """YAML with fewer surprises: only true and false are booleans, dates stay text, a key may stand only once.

    Plain YAML 1.1 reads `yes`, `no` and `on` as booleans (the travel-rule table says yes and no) and lets the second of
    two equal keys win in silence.
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen = set[str]()
        for key_node, _ in node.value:
            if key_node.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(
                    problem=f"expected text as a key, got {key_node.value!r}", problem_mark=key_node.start_mark
                )
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key_node.value!r} stands twice", problem_mark=key_node.start_mark
                )
            seen.add(key_node.value)
        mapping: dict[Hashable, object] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])


def load_settings(folder: Path) -> Settings:
    """Settings from the YAML files of `folder`; raise SettingsError naming file, key and what was expected."""
    return build({name: read_yaml(folder / name) for name in FILES})


def read_yaml(path: Path) -> object:
    """The parsed content of one file, `{}` where it holds nothing but comments."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as e:
        raise SettingsError(f"{path.name}: not found in {path.parent}; give the folder with --config") from e
    except OSError as e:
        raise SettingsError(f"{path.name}: can't be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise SettingsError(f"{path.name}: not UTF-8 text (byte {e.start})") from e
    try:
        parsed: object = yaml.load(text, Loader=_Loader)  # noqa: S506  # _Loader is a SafeLoader
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(f"{path.name}: {e.problem or 'not valid YAML'}{where}") from e
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        raise SettingsError(f"{path.name}: not valid YAML: {e}") from e
    return {} if parsed is None else parsed


def load_secrets(environ: Mapping[str, str] = os.environ) -> Secrets:
    """Secrets from systemd's credentials, else from the environment; surrounding space is dropped, empty is absent."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    credentials = Path(folder) if folder else None
    found: dict[str, str | tuple[str, ...]] = {}
    for field, name in ENVIRONMENT.items():
        text = _secret(name, environ, credentials)
        if text is None:
            continue
        found[field] = _chat_ids(text) if field == "telegram_chat_ids" else text
    return Secrets(**found)  # type: ignore[arg-type]  # every field but telegram_chat_ids is text


def _secret(name: str, environ: Mapping[str, str], credentials: Path | None) -> str | None:
    text = environ.get(name)
    if credentials is not None:
        for path in (credentials / name, credentials / name.lower()):
            try:
                text = path.read_text(encoding="utf-8")
                break
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as e:
                raise SettingsError(f"credential {name}: can't be read ({type(e).__name__})") from None
    text = (text or "").strip()
    if len(text) > LONGEST_SECRET or not text.isprintable():
        raise SettingsError(f"secret {name}: expected one line of printable text (its value is not shown)")
    return text or None


def _chat_ids(text: str) -> tuple[str, ...]:
    """`TELEGRAM_CHAT_ID` as a list; each a whole number (negative for groups) or `@channel`."""
    ids = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for chat in ids:
        if not re.fullmatch(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{4,64}", chat):
            raise SettingsError("secret TELEGRAM_CHAT_ID: expected whole numbers or @names, separated by commas")
    return ids
