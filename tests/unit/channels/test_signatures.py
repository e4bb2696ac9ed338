"""Who may call: each scheme proves or refuses, and a missing secret never means yes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace

import httpx2
import pytest

from runtime.channels import signatures
from runtime.channels.dialog360 import Dialog360
from tests.unit.web.world import PHONE

BODY = b'{"object":"whatsapp_business_account"}'
SECRETS = {"webhook": "hook-secret", "app_secret": "app-secret"}
BOTH = replace(PHONE, secrets={**PHONE.secrets, "app_secret": "secret:APP"})


def authentic(
    headers: Mapping[str, str],
    secrets: Mapping[str, str] = SECRETS,
    connection: object = PHONE,
    body: bytes = BODY,
) -> bool:
    return Dialog360(httpx2.AsyncClient()).authentic(connection, secrets, headers, body)  # type: ignore[arg-type]


def signed(secret: str = "app-secret", body: bytes = BODY) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("name", ["X-Convo-Secret", "x-convo-secret", "X-CONVO-SECRET"])
def test_the_secret_header_proves_the_caller_whatever_its_case(name: str) -> None:
    assert authentic({name: "hook-secret"})


@pytest.mark.parametrize("value", ["", "hook-secre", "hook-secret ", "HOOK-SECRET", "hook-sécret"])
def test_anything_else_does_not(value: str) -> None:
    assert not authentic({"X-Convo-Secret": value})
    assert not authentic({})


@pytest.mark.parametrize("secrets", [{}, {"webhook": ""}, {"api": "hook-secret"}])
def test_without_a_secret_of_ours_nobody_is_believed(secrets: dict[str, str]) -> None:
    assert not authentic({"X-Convo-Secret": ""}, secrets)
    assert not authentic({"X-Convo-Secret": "hook-secret"}, secrets)


def test_the_header_s_name_is_the_connection_s() -> None:
    connection = replace(PHONE, options={"secret_header": "x-dave"})
    assert authentic({"X-Dave": "hook-secret"}, connection=connection)
    assert not authentic({"X-Convo-Secret": "hook-secret"}, connection=connection)


def test_a_connection_with_an_app_secret_wants_meta_s_signature_as_well() -> None:
    assert authentic({"X-Convo-Secret": "hook-secret", "X-Hub-Signature-256": signed()}, connection=BOTH)
    assert not authentic({"X-Convo-Secret": "hook-secret"}, connection=BOTH)
    assert not authentic({"X-Hub-Signature-256": signed()}, connection=BOTH)
    wrong = {"X-Convo-Secret": "hook-secret", "X-Hub-Signature-256": signed(body=b"other")}
    assert not authentic(wrong, connection=BOTH)
    without_value = {"webhook": "hook-secret"}
    forged = {"X-Convo-Secret": "hook-secret", "X-Hub-Signature-256": signed(secret="")}
    assert not authentic(forged, without_value, connection=BOTH)


def test_signature_meta_needs_only_meta_s_signature() -> None:
    connection = replace(BOTH, signature="meta")
    assert authentic({"X-Hub-Signature-256": signed()}, connection=connection)
    assert not authentic({"X-Convo-Secret": "hook-secret"}, connection=connection)
    assert not authentic({"X-Hub-Signature-256": signed()}, connection=replace(PHONE, signature="meta"))


@pytest.mark.parametrize("scheme", ["none", "waha", "svix", "", "HEADER_SECRET"])
def test_a_scheme_this_channel_does_not_have_means_no(scheme: str) -> None:
    assert not authentic({"X-Convo-Secret": "hook-secret"}, connection=replace(PHONE, signature=scheme))


def test_meta_s_signature_agrees_with_a_published_vector() -> None:
    vector = "sha256=0329a06b62cd16b33eb6792be8c60b158d89a2ee3a876fce9a881ebb488c0914"
    assert signatures.meta({"x-hub-signature-256": vector}, "secret", b"test")
    assert not signatures.meta({"x-hub-signature-256": vector.upper()}, "secret", b"test")
    assert not signatures.meta({"x-hub-signature-256": vector.removeprefix("sha256=")}, "secret", b"test")
