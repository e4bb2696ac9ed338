"""Every setting of the runtime, read from the environment once and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast, get_args
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

PREFIX = "CONVO_"
PROVIDERS = ("anthropic", "openai", "gemini")  # of models
ROLES = ("ingest", "dispatch", "tenant", "desk", "owner")
Stage = Literal["sandbox", "staging", "live"]
LogStyle = Literal["json", "pretty"]
DEFAULT_PORT = 8000

# name -> what it is for. `convo doctor` prints this table; a CONVO_ name that is not in it is refused.
KNOWN: Mapping[str, str] = MappingProxyType(
    {
        "CONVO_STAGE": "which pointer is followed: sandbox (default), staging or live",
        "CONVO_MASTER_KEY": "reference (env:NAME or file:PATH) to the key that wraps every tenant's key",
        "CONVO_PEPPER": "reference to the secret behind suppression look-ups; kept outside the database",
        "CONVO_TRUST": "file or folder with the Ed25519 public keys (PEM) that may sign bundles",
        "CONVO_SEAL_KEY": "reference to the Ed25519 private key (PEM) that signs the audit's sealed roots",
        "CONVO_SEAL_TRUST": "file or folder with older public keys (PEM) whose seals `convo audit verify` trusts, too",
        "CONVO_SEAL_EXPORT": "file to which sealed roots are appended; keep it where database administrators cannot write",
        "CONVO_CLOCK_OFFSET_S": "seconds added to the machine's clock; sandbox only",
        "CONVO_HOST": "address the web process listens on (127.0.0.1)",
        "CONVO_PORT": f"port the web process listens on ({DEFAULT_PORT}; 0 = any free one)",
        "CONVO_METRICS_PORT": "port on which a worker or sender shows /metrics, /healthz and /readyz (0 = none)",
        "CONVO_DEV": "1 = development: one-time login links and no TLS-only cookies; loopback and sandbox only",
        "CONVO_LOG": "json (default) or pretty",
        "CONVO_DATA": "folder for the last known good bundles (~/.local/state/convo)",
        "CONVO_CONCURRENCY": "turns one worker works on, or calls one sender has open, at a time (8)",
        "CONVO_LEASE_S": "seconds after which others take over what a worker or sender held that was not heard of again (30)",
        **{f"CONVO_{role.upper()}_URL": f"database URL of role convo_{role}" for role in ROLES},
        "CONVO_EMBEDDER": "what finds claims by meaning: none, local (extra `embed`; default where installed) or provider/model",
        **{
            f"CONVO_{provider.upper()}_KEY": f"reference to the API key for models of {provider} "
            f"(default: env:{provider.upper()}_API_KEY where that is set); without any key no model is asked"
            for provider in PROVIDERS
        },
        **{
            f"CONVO_{provider.upper()}_URL": f"base address for {provider}: a regional endpoint, or one on loopback"
            for provider in PROVIDERS
        },
        "CONVO_JOBS": "0 = this worker leaves the periodic jobs to others (1)",
        "CONVO_CRASH_AT": "tests only: the named point at which the process ends itself",
        "CONVO_PG_BIN": "folder with postgres and initdb for the embedded development database",
    }
)


class SettingsError(ValueError):
    """A setting is missing, unknown or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration of one process. Secrets are references here, never values."""

    database_url: str | None = None
    role_urls: Mapping[str, str] = field(default_factory=dict)
    stage: Stage = "sandbox"
    master_key: str | None = None
    pepper: str | None = None
    trust: Path | None = None
    seal_key: str | None = None
    seal_trust: Path | None = None
    seal_export: Path | None = None
    clock_offset_s: float = 0.0
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    metrics_port: int = 0
    dev: bool = False
    log: LogStyle = "json"
    data: Path = Path("~/.local/state/convo")
    concurrency: int = 8
    lease_s: int = 30
    jobs: bool = True
    model_keys: Mapping[str, str] = field(default_factory=dict)  # provider -> reference
    model_urls: Mapping[str, str] = field(default_factory=dict)  # provider -> base address
    embedder: str | None = None  # None: the local one where its extra is installed

    @staticmethod
    def from_env(env: Mapping[str, str]) -> Settings:
        """Raises SettingsError naming every fault at once. An empty value counts as not set."""
        faults = _unknown(env)
        given = {name: value for name, value in env.items() if value}
        read = _Reader(given, faults)
        settings = Settings(
            database_url=given.get("DATABASE_URL"),
            role_urls={
                role: given[f"CONVO_{role.upper()}_URL"]
                for role in ROLES
                if f"CONVO_{role.upper()}_URL" in given
            },
            stage=cast(Stage, read.choice("CONVO_STAGE", get_args(Stage))),
            master_key=read.reference("CONVO_MASTER_KEY"),
            pepper=read.reference("CONVO_PEPPER"),
            trust=Path(given["CONVO_TRUST"]) if "CONVO_TRUST" in given else None,
            seal_key=read.reference("CONVO_SEAL_KEY"),
            seal_trust=Path(given["CONVO_SEAL_TRUST"]) if "CONVO_SEAL_TRUST" in given else None,
            seal_export=Path(given["CONVO_SEAL_EXPORT"]) if "CONVO_SEAL_EXPORT" in given else None,
            clock_offset_s=read.number("CONVO_CLOCK_OFFSET_S"),
            host=given.get("CONVO_HOST", "127.0.0.1"),
            port=read.whole("CONVO_PORT", DEFAULT_PORT, top=65535),
            metrics_port=read.whole("CONVO_METRICS_PORT", 0, top=65535),
            dev=read.switch("CONVO_DEV"),
            log=cast(LogStyle, read.choice("CONVO_LOG", get_args(LogStyle))),
            data=Path(given.get("CONVO_DATA", "~/.local/state/convo")).expanduser(),
            concurrency=read.whole("CONVO_CONCURRENCY", 8, low=1, top=256),
            lease_s=read.whole("CONVO_LEASE_S", 30, low=4, top=600),
            jobs=read.switch("CONVO_JOBS", default="1"),
            model_keys={p: key for p in PROVIDERS if (key := read.key_of(p)) is not None},
            model_urls={
                p: url for p in PROVIDERS if (url := read.address(f"CONVO_{p.upper()}_URL")) is not None
            },
            embedder=given.get("CONVO_EMBEDDER"),
        )
        faults += _contradictions(settings)
        if faults:
            raise SettingsError("\n".join(faults))
        return settings

    def check_sealing(self) -> None:
        """Raises SettingsError where what is written must be sealed by a key and none is named: on staging and live.

        Asked for by whoever starts a process that seals; an operator's own commands do without the private key.
        """
        if self.stage != "sandbox" and self.seal_key is None:
            raise SettingsError(
                f"stage {self.stage} without CONVO_SEAL_KEY: the audit's roots would be sealed by nobody, and whoever can write "
                "the database could redo them; make a key (`convo keys new`) and name it, or leave sealing to another worker "
                "(CONVO_JOBS=0)"
            )

    def url(self, role: str) -> str:
        """The database URL with which `role` (ingest, dispatch, tenant, desk, owner) logs in. Raises SettingsError."""
        if role not in ROLES:
            raise SettingsError(f"no database role {role!r}: there are {', '.join(ROLES)}")
        if role in self.role_urls:
            return self.role_urls[role]
        if self.database_url is None:
            raise SettingsError(
                f"no database: set DATABASE_URL (or CONVO_{role.upper()}_URL), or use --dev for an embedded one"
            )
        return with_user(self.database_url, f"convo_{role}")


def with_user(url: str, user: str) -> str:
    """The same server, database and password for another user. Raises SettingsError if `url` is no postgresql:// URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise SettingsError("DATABASE_URL must be of the form postgresql://user:password@host:port/database")
    _, _, host = parts.netloc.rpartition("@")
    login = quote(user, safe="") + (f":{parts.password}" if parts.password else "")
    query = "&".join(
        f"{quote(key)}={quote(value, safe='/')}" for key, value in parse_qsl(parts.query) if key != "user"
    )
    return urlunsplit(SplitResult(parts.scheme, f"{login}@{host}", parts.path, query, ""))


class _Reader:
    """Reads one value at a time and collects what is wrong instead of stopping at the first."""

    def __init__(self, given: Mapping[str, str], faults: list[str]) -> None:
        self._given = given
        self._faults = faults

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self._given.get(name, allowed[0])
        if value not in allowed:
            self._faults.append(f"{name} is {value!r}: it must be one of {', '.join(allowed)}")
        return value

    def reference(self, name: str) -> str | None:
        value = self._given.get(name)
        if value is not None and not value.startswith(("env:", "file:")):
            # The value is not shown: somebody may have put the secret itself here.
            self._faults.append(f"{name} must be a reference (env:NAME or file:PATH), not the secret itself")
        return value

    def key_of(self, provider: str) -> str | None:
        """The reference to a provider's key: the one given, or the name that everybody uses for it."""
        usual = f"{provider.upper()}_API_KEY"
        given = self.reference(f"CONVO_{provider.upper()}_KEY")
        return given or (f"env:{usual}" if usual in self._given else None)

    def address(self, name: str) -> str | None:
        """An https address; http is for loopback alone, since a key goes there."""
        value = self._given.get(name)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
            plain = not (parts.query or parts.fragment or parts.username)
        except ValueError:
            parts, loopback, plain = urlsplit(""), False, False
        if (
            not plain
            or not parts.hostname
            or (parts.scheme != "https" and not (loopback and parts.scheme == "http"))
        ):
            self._faults.append(
                f"{name} must be an https:// address without login or query (http:// on loopback)"
            )
            return None
        return value.rstrip("/")

    def number(self, name: str) -> float:
        value = self._given.get(name, "0")
        try:
            return float(value)
        except ValueError:
            self._faults.append(f"{name} is {value!r}: it must be a number")
            return 0.0

    def whole(self, name: str, default: int, *, low: int = 0, top: int) -> int:
        value = self._given.get(name, str(default))
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= top:
            self._faults.append(f"{name} is {value!r}: it must be a whole number from {low} to {top}")
            return default
        return int(value)

    def switch(self, name: str, *, default: str = "0") -> bool:
        value = self._given.get(name, default)
        if value not in ("0", "1"):
            self._faults.append(f"{name} is {value!r}: it must be 0 or 1")
        return value == "1"


def _unknown(env: Mapping[str, str]) -> list[str]:
    faults = []
    for name in sorted(env):
        if name.startswith(PREFIX) and name not in KNOWN:
            near = min(KNOWN, key=lambda known: _distance(known, name))
            hint = f": did you mean {near}?" if _distance(near, name) <= 3 else ""
            faults.append(f"{name} is not a setting of convo{hint}")
    return faults


def _contradictions(settings: Settings) -> list[str]:
    faults = []
    if settings.stage != "sandbox" and settings.clock_offset_s:
        faults.append(
            "CONVO_CLOCK_OFFSET_S is for the sandbox: consent, hours and expiry must use the real time"
        )
    if settings.stage != "sandbox" and settings.dev:
        faults.append("CONVO_DEV=1 is for the sandbox stage only")
    if settings.dev and settings.host not in ("127.0.0.1", "localhost", "::1"):
        faults.append("CONVO_DEV=1 listens on loopback only: its login links need no password")
    return faults


def _distance(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
