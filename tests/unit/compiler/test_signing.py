"""A bundle's signature says which tenant, which stages and which bytes; anything else is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from compiler.write import new_key, sign, signing_key, write
from schemas.bundle import digest_of
from schemas.signing import (
    RAW_PREFIX,
    SignatureRefused,
    envelope,
    keyid,
    pae,
    public_key,
    statement,
    trust,
    verify,
    verify_any,
)

BUNDLE = b'{"format":"convo.bundle/v1"}'


class Signers:
    """Some fresh keys and what they sign."""

    def __init__(self, count: int = 1) -> None:
        pairs = [new_key() for _ in range(count)]
        self.keys = [signing_key(private) for private, _ in pairs]
        self.trusted = trust([public for _, public in pairs])

    def sign(self, *, tenant: str = "dave", stages: Sequence[str] = ("sandbox",)) -> bytes:
        return sign(BUNDLE, tenant=tenant, stages=stages, keys=self.keys)


def test_a_signed_bundle_verifies_for_its_tenant_and_stage() -> None:
    signers = Signers()
    verified = verify(signers.sign(), BUNDLE, tenant="dave", stage="sandbox", trusted=signers.trusted)
    assert verified.digest == digest_of(BUNDLE)
    assert verified.signers == tuple(signers.trusted)
    assert verified.stages == ("sandbox",)


def test_the_encoding_is_the_one_of_the_dsse_specification() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@pytest.mark.parametrize(
    ("tenant", "stage", "bundle", "reason"),
    [
        ("edward", "sandbox", BUNDLE, "signed for tenant 'dave'"),
        ("dave", "live", BUNDLE, "not live"),
        ("dave", "sandbox", BUNDLE + b" ", "not the ones"),
    ],
)
def test_another_tenant_stage_or_byte_is_refused(tenant: str, stage: str, bundle: bytes, reason: str) -> None:
    signers = Signers()
    with pytest.raises(SignatureRefused, match=reason):
        verify(signers.sign(), bundle, tenant=tenant, stage=stage, trusted=signers.trusted)


def test_without_a_trusted_key_nothing_verifies() -> None:
    with pytest.raises(SignatureRefused, match="no key is trusted"):
        verify(Signers().sign(), BUNDLE, tenant="dave", stage="sandbox", trusted={})


def test_a_stranger_s_signature_does_not_count() -> None:
    with pytest.raises(SignatureRefused, match="0 trusted"):
        verify(Signers().sign(), BUNDLE, tenant="dave", stage="sandbox", trusted=Signers().trusted)


def test_a_threshold_counts_distinct_keys() -> None:
    signers = Signers(2)
    twice = sign(BUNDLE, tenant="dave", stages=["sandbox"], keys=[signers.keys[0]] * 2)
    with pytest.raises(SignatureRefused, match="1 trusted signature"):
        verify(twice, BUNDLE, tenant="dave", stage="sandbox", trusted=signers.trusted, threshold=2)
    both = verify(
        signers.sign(), BUNDLE, tenant="dave", stage="sandbox", trusted=signers.trusted, threshold=2
    )
    assert len(both.signers) == 2


def test_one_envelope_of_several_is_enough_and_signatures_are_not_added_up_over_them() -> None:
    one, two = Signers(), Signers()
    trusted = {**one.trusted, **two.trusted}
    live = two.sign(stages=["live"])
    found = verify_any([b"{", one.sign(), live], BUNDLE, tenant="dave", stage="live", trusted=trusted)
    assert found.signers == tuple(two.trusted)
    with pytest.raises(SignatureRefused, match=r"^CV8003 1 trusted signature\(s\) hold, 2 are needed$"):
        verify_any(
            [one.sign(), two.sign()], BUNDLE, tenant="dave", stage="sandbox", trusted=trusted, threshold=2
        )
    with pytest.raises(SignatureRefused, match="cannot be read; CV8005 signed for sandbox, not live"):
        verify_any([b"{", one.sign()], BUNDLE, tenant="dave", stage="live", trusted=trusted)
    with pytest.raises(SignatureRefused, match="nobody has signed"):
        verify_any([], BUNDLE, tenant="dave", stage="live", trusted=trusted)


def test_a_payload_changed_after_signing_is_refused() -> None:
    signers = Signers()
    document = json.loads(signers.sign())
    document["payload"] = base64.b64encode(statement("dave", ["live"], digest_of(BUNDLE))).decode()
    with pytest.raises(SignatureRefused, match="0 trusted"):
        verify(json.dumps(document).encode(), BUNDLE, tenant="dave", stage="live", trusted=signers.trusted)


def test_a_good_signature_over_another_kind_of_payload_is_refused() -> None:
    signers = Signers()
    payload = statement("dave", ["sandbox"], digest_of(BUNDLE))
    key = signers.keys[0]
    other = envelope("application/other", payload, [(key.keyid, key.sign(pae("application/other", payload)))])
    with pytest.raises(SignatureRefused, match="something other"):
        verify(other, BUNDLE, tenant="dave", stage="sandbox", trusted=signers.trusted)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b"[" * 60_000, b'{"payloadType":1}', b"x" * 70_000]
)
def test_an_unreadable_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(SignatureRefused):
        verify(data, BUNDLE, tenant="dave", stage="sandbox", trusted=Signers().trusted)


def test_a_key_may_be_one_line_of_text() -> None:
    _, pem = new_key()
    raw = public_key(pem)
    line = RAW_PREFIX + base64.b64encode(raw).decode()
    assert public_key(line) == raw
    assert trust([line, pem]) == {keyid(raw): raw}


def test_a_bundle_is_written_whole_under_its_digest(tmp_path: Path) -> None:
    path = write(tmp_path / "out", BUNDLE, b"{}")
    assert path.name == digest_of(BUNDLE).removeprefix("sha256:") + ".json"
    assert path.read_bytes() == BUNDLE
    assert path.with_suffix("").with_suffix(".dsse.json").read_bytes() == b"{}"
    assert len(list(path.parent.iterdir())) == 2
