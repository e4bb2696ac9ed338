"""Settings come from the environment once; a typo is an error, and a secret is never a value."""

from pathlib import Path

import pytest

from runtime.settings import KNOWN, ROLES, Settings, SettingsError, with_user


def test_an_empty_environment_gives_the_sandbox_on_loopback() -> None:
    settings = Settings.from_env({})
    assert (settings.stage, settings.host, settings.port, settings.dev) == (
        "sandbox",
        "127.0.0.1",
        8000,
        False,
    )


def test_a_misspelt_setting_is_refused_with_the_likely_name() -> None:
    with pytest.raises(SettingsError, match="CONVO_STGE is not a setting of convo: did you mean CONVO_STAGE"):
        Settings.from_env({"CONVO_STGE": "live"})


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"CONVO_STAGE": "production", "CONVO_PORT": "-1", "CONVO_DEV": "yes"})
    assert len(str(caught.value).splitlines()) == 3


def test_a_secret_given_as_a_value_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"CONVO_MASTER_KEY": "hunter2hunter2"})
    assert "must be a reference" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_empty_value_counts_as_not_set() -> None:
    assert Settings.from_env({"CONVO_TRUST": "", "CONVO_PORT": ""}).trust is None


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_its_own_login_on_the_same_database(role: str) -> None:
    settings = Settings.from_env(
        {"DATABASE_URL": "postgresql://someone:pa%40ss@db.example:5432/convo?sslmode=require"}
    )
    assert settings.url(role) == f"postgresql://convo_{role}:pa%40ss@db.example:5432/convo?sslmode=require"


def test_a_role_may_have_a_url_of_its_own() -> None:
    settings = Settings.from_env(
        {"DATABASE_URL": "postgresql://a@h/d", "CONVO_TENANT_URL": "postgresql://b@other/d"}
    )
    assert settings.url("tenant") == "postgresql://b@other/d"
    assert settings.url("ingest") == "postgresql://convo_ingest@h/d"


def test_a_socket_url_keeps_its_folder() -> None:
    assert with_user("postgresql://convo_owner@/convo?host=/tmp/x", "convo_desk") == (
        "postgresql://convo_desk@/convo?host=/tmp/x"
    )


def test_without_a_database_url_the_message_says_what_to_do() -> None:
    with pytest.raises(SettingsError, match="set DATABASE_URL"):
        Settings.from_env({}).url("ingest")


@pytest.mark.parametrize(
    "env",
    [
        {"CONVO_STAGE": "live", "CONVO_CLOCK_OFFSET_S": "60"},
        {"CONVO_STAGE": "live", "CONVO_DEV": "1"},
        {"CONVO_DEV": "1", "CONVO_HOST": "0.0.0.0"},
    ],
)
def test_what_would_weaken_a_real_deployment_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        Settings.from_env(env)


def test_only_a_process_that_seals_needs_the_key_that_seals(tmp_path: Path) -> None:
    Settings.from_env({}).check_sealing()
    Settings.from_env({"CONVO_STAGE": "live", "CONVO_SEAL_KEY": f"file:{tmp_path}/seal.pem"}).check_sealing()
    with pytest.raises(SettingsError, match="CONVO_SEAL_KEY"):
        Settings.from_env({"CONVO_STAGE": "live"}).check_sealing()


def test_every_setting_the_code_reads_is_documented() -> None:
    text = Path(__file__).parents[2].joinpath("runtime/settings.py").read_text(encoding="utf-8")
    assert all(words for words in KNOWN.values())
    for name in ("CONVO_STAGE", "CONVO_TRUST", "CONVO_DATA", "CONVO_METRICS_PORT"):
        assert name in KNOWN
        assert f'"{name}"' in text


def test_the_usual_name_of_a_providers_key_is_enough_and_ours_wins_over_it() -> None:
    usual = Settings.from_env({"OPENAI_API_KEY": "sk-x", "GEMINI_API_KEY": ""})
    assert usual.model_keys == {"openai": "env:OPENAI_API_KEY"}
    ours = Settings.from_env({"OPENAI_API_KEY": "sk-x", "CONVO_OPENAI_KEY": "file:/run/key"})
    assert ours.model_keys == {"openai": "file:/run/key"}


def test_a_key_given_as_a_value_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"CONVO_ANTHROPIC_KEY": "sk-ant-hunter2"})
    assert "must be a reference" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://models.example/v1", "ftp://127.0.0.1", "https://a:b@h/v1", "https://h/v1?key=1", "x"]
)
def test_a_key_goes_to_https_or_to_loopback_alone(address: str) -> None:
    with pytest.raises(SettingsError, match="CONVO_GEMINI_URL must be an https"):
        Settings.from_env({"CONVO_GEMINI_URL": address})


def test_a_regional_endpoint_and_one_on_loopback_are_taken() -> None:
    settings = Settings.from_env(
        {"CONVO_OPENAI_URL": "https://eu.models.example/v1/", "CONVO_ANTHROPIC_URL": "http://127.0.0.1:8370"}
    )
    assert settings.model_urls == {
        "openai": "https://eu.models.example/v1",
        "anthropic": "http://127.0.0.1:8370",
    }
