"""Is this deployment fit to run? Every check says what is wrong and how to put it right; none changes anything."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import util
from pathlib import Path

import psycopg

from runtime.crypto import Vault
from runtime.errors import ConvoError
from runtime.models.caller import DEFAULT_URLS
from runtime.models.reach import reach
from runtime.references import read_reference
from runtime.settings import ROLES, Settings, SettingsError
from runtime.storage import migrate
from runtime.storage.sealing import seal_key
from runtime.trust import sealing_keys, trusted_keys

CONNECT_TIMEOUT_S = 5
PACKAGES = ("commands", "compiler", "drills", "runtime", "schemas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `advice`: what to do when it is not `ok`."""

    what: str
    ok: bool
    advice: str = ""


def examine(env: Mapping[str, str]) -> Sequence[Finding]:
    """All findings, in the order in which one would put them right. Never raises for what it finds."""
    found = list(_installation())
    try:
        settings = Settings.from_env(env)
    except SettingsError as error:
        return [*found, Finding(what="settings", ok=False, advice=str(error))]
    found.append(Finding(what=f"settings (stage {settings.stage})", ok=True))
    found += [
        _try("master key and pepper", lambda: _vault(settings, env)),
        _try("keys that may sign bundles", lambda: f"{len(trusted_keys(settings.trust))} trusted"),
        _try("folder of the last good bundles", lambda: _writable(settings.data)),
    ]
    if settings.seal_trust is not None:
        found.append(
            _try("older keys of the audit", lambda: f"{len(sealing_keys(settings.seal_trust))} trusted")
        )
    if settings.stage != "sandbox" or settings.seal_key is not None:
        found.append(_try("key that seals the audit", lambda: _seal_key(settings, env)))
    found += _models(settings, env)
    if settings.database_url is None and not settings.role_urls:
        advice = "set DATABASE_URL; or use `convo serve --dev`, which brings its own"
        return [*found, Finding(what="database", ok=False, advice=advice)]
    return [*found, *_database(settings)]


def _installation() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(
        what=f"Python {version}", ok=sys.version_info >= (3, 11), advice="Python 3.11 or newer is needed"
    )
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        spec = util.find_spec(name)
        places = list(spec.submodule_search_locations or ()) if spec else []
        if not places or Path(places[0]).resolve().parent != home:
            where = places[0] if places else "nowhere"
            yield Finding(
                what=f"package {name}",
                ok=False,
                advice=f"found at {where}: another distribution or folder stands in for convo-engine's; remove it, "
                "or install convo-engine into an environment of its own",
            )


def _vault(settings: Settings, env: Mapping[str, str]) -> str:
    vault = Vault.open(master=settings.master_key, pepper=settings.pepper, env=env)
    if vault.master == vault.pepper:
        raise ConvoError("they are the same: make two (`openssl rand -base64 32`), kept in different places")
    return "readable"


def _seal_key(settings: Settings, env: Mapping[str, str]) -> str:
    settings.check_sealing()
    assert settings.seal_key is not None  # on the sandbox it is only looked at where it is named
    try:
        return f"id {seal_key(read_reference(settings.seal_key, env).encode()).key_id[:16]}"
    except (ValueError, TypeError) as error:
        raise ConvoError(
            "CONVO_SEAL_KEY does not lead to an Ed25519 private key in PEM without a password"
        ) from error


def _models(settings: Settings, env: Mapping[str, str]) -> Iterator[Finding]:
    if not settings.model_keys:
        yield Finding(what="models: none has a key, so answers come from the register alone", ok=True)
        return
    if util.find_spec("litellm") is None:
        advice = "models have keys, and litellm is not installed: install the full requirements"
        yield Finding(what="litellm", ok=False, advice=advice)
    for provider, reference in settings.model_keys.items():
        url = settings.model_urls.get(provider, DEFAULT_URLS[provider])
        yield _try(f"models of {provider}", partial(_reached, provider, url, reference, env))


def _reached(provider: str, url: str, reference: str, env: Mapping[str, str]) -> str:
    return reach(provider, url, read_reference(reference, env).strip())


def _writable(folder: Path) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = folder / ".doctor"
    probe.write_bytes(b"")
    probe.unlink()
    return str(folder)


def _database(settings: Settings) -> Iterator[Finding]:
    for role in ROLES:
        yield _try(f"database login of convo_{role}", partial(_login, settings, role))
    yield _try("database schema", lambda: _migrated(settings.url("owner")))


def _login(settings: Settings, role: str) -> str:
    with psycopg.connect(
        settings.url(role), connect_timeout=CONNECT_TIMEOUT_S, autocommit=True
    ) as connection:
        row = connection.execute(
            "select current_user, rolsuper or rolbypassrls from pg_roles where rolname = current_user"
        ).fetchone()
    assert row is not None
    if row[1]:
        raise ConvoError(
            f"{row[0]} is a superuser or bypasses row policies: use a role that may do only its task"
        )
    return f"as {row[0]}"


def _migrated(url: str) -> str:
    with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        missing = migrate.pending(connection)
    if missing:
        raise ConvoError(f"{len(missing)} migration(s) are missing: run `convo migrate`")
    return "up to date"


def _try(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what=f"{what}: {look()}", ok=True)
    except (ConvoError, SettingsError, OSError, psycopg.Error) as error:
        return Finding(what=what, ok=False, advice=str(error).strip())
