"""Keys and ciphertexts: they open in their own place, and nowhere else."""

import base64
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.crypto import (
    CryptoError,
    FieldKey,
    KeyErased,
    KeyUnusable,
    Tampered,
    Vault,
    decrypt,
    development_key,
    encrypt,
    read_key,
)

KEY = bytes(range(32))
ROW = uuid.UUID(int=7)
CONTACT = uuid.UUID(int=70)
PLACE: dict[str, Any] = {"tenant": 1, "table": "inbox", "column": "text", "row": ROW}
VAULT = Vault(master=b"m" * 32, pepper=b"p" * 32)

places = st.fixed_dictionaries(
    {
        "tenant": st.integers(min_value=-(2**63), max_value=2**63 - 1),
        "table": st.text(st.characters(codec="utf-8"), max_size=12),
        "column": st.text(st.characters(codec="utf-8"), max_size=12),
        "row": st.uuids(),
    }
)


def counting() -> Callable[[int], bytes]:
    """Randomness that a test can predict: 0, 1, 2 ..."""
    calls = iter(range(256))
    return lambda size: bytes([next(calls)]) * size


# ---- one field ----------------------------------------------------------------------------------------


@given(key=st.binary(min_size=32, max_size=32), plaintext=st.binary(max_size=500), place=places)
def test_what_goes_in_comes_out(key: bytes, plaintext: bytes, place: dict[str, Any]) -> None:
    ciphertext = encrypt(key, plaintext, **place)

    assert decrypt(key, ciphertext, **place) == plaintext
    assert len(ciphertext) == len(plaintext) + 29


@given(here=places, there=places)
def test_a_ciphertext_opens_in_its_own_place_only(here: dict[str, Any], there: dict[str, Any]) -> None:
    ciphertext = encrypt(KEY, b"words", **here)

    if here == there:
        assert decrypt(KEY, ciphertext, **there) == b"words"
    else:
        with pytest.raises(Tampered):
            decrypt(KEY, ciphertext, **there)


@pytest.mark.parametrize(
    "moved",
    [
        {"tenant": 2},
        {"table": "outbox"},
        {"column": "name"},
        {"row": CONTACT},
        {"table": "inboxt", "column": "ext"},
    ],
)
def test_moving_one_part_of_the_place_is_noticed(moved: dict[str, Any]) -> None:
    ciphertext = encrypt(KEY, b"words", **PLACE)

    with pytest.raises(Tampered, match="altered, moved"):
        decrypt(KEY, ciphertext, **(PLACE | moved))


@given(at=st.integers(min_value=0, max_value=33), bit=st.integers(min_value=0, max_value=7))
def test_every_bit_counts(at: int, bit: int) -> None:
    ciphertext = bytearray(encrypt(KEY, b"words", **PLACE))
    ciphertext[at] ^= 1 << bit

    with pytest.raises(Tampered):
        decrypt(KEY, bytes(ciphertext), **PLACE)


@given(st.binary(max_size=60))
def test_rubbish_is_refused_and_never_crashes(rubbish: bytes) -> None:
    with pytest.raises(Tampered):
        decrypt(KEY, rubbish, **PLACE)


def test_another_key_does_not_open_it() -> None:
    ciphertext = encrypt(KEY, b"words", **PLACE)

    with pytest.raises(Tampered):
        decrypt(KEY[::-1], ciphertext, **PLACE)


def test_the_same_words_twice_look_different() -> None:
    assert encrypt(KEY, b"words", **PLACE) != encrypt(KEY, b"words", **PLACE)


def test_randomness_can_be_passed_in_and_the_format_is_fixed() -> None:
    """Rows of years ago must still open: this value may not change without a new format byte."""
    ciphertext = encrypt(KEY, b"", **PLACE, random=counting())

    assert ciphertext.hex() == "01" + "00" * 12 + "9c893cbde5e19ee1dd8907c2f3e58883"


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(KeyUnusable):
        encrypt(b"k" * size, b"words", **PLACE)
    with pytest.raises(KeyUnusable):
        Vault(master=b"k" * size, pepper=b"p" * 32)
    with pytest.raises(KeyUnusable):
        Vault(master=b"m" * 32, pepper=b"k" * size)


# ---- the hierarchy ------------------------------------------------------------------------------------


def test_a_contacts_field_can_be_read_from_what_is_stored_and_the_master_key() -> None:
    tenant, wrapped_tenant = VAULT.new_tenant(1)
    contact, wrapped_contact = tenant.new_contact(CONTACT)
    stored = contact.encrypt(b"07700 900123", table="identity", column="value", row=ROW)

    reader = VAULT.open_tenant(1, wrapped_tenant).open_contact(CONTACT, wrapped_contact)

    assert reader == contact
    assert reader.decrypt(stored, table="identity", column="value", row=ROW) == b"07700 900123"


def test_an_erased_contact_cannot_be_read_even_with_every_other_key() -> None:
    tenant, _ = VAULT.new_tenant(1)
    contact, _ = tenant.new_contact(CONTACT)
    stored = contact.encrypt(b"words", table="inbox", column="text", row=ROW)

    with pytest.raises(KeyErased, match="can no longer be read"):
        tenant.open_contact(CONTACT, None)
    again, _ = tenant.new_contact(CONTACT)
    for key in (again, tenant.fields, FieldKey(tenant=1, key=VAULT.master)):
        with pytest.raises(Tampered):
            key.decrypt(stored, table="inbox", column="text", row=ROW)


def test_a_wrapped_key_is_of_no_use_to_another_contact_or_tenant() -> None:
    mine, wrapped_mine = VAULT.new_tenant(1)
    theirs, _ = VAULT.new_tenant(2)
    _, wrapped = mine.new_contact(CONTACT)

    for attempt in (
        lambda: mine.open_contact(ROW, wrapped),
        lambda: theirs.open_contact(CONTACT, wrapped),
        lambda: VAULT.open_tenant(2, wrapped_mine),
        lambda: replace(VAULT, master=b"x" * 32).open_tenant(1, wrapped_mine),
        lambda: VAULT.open_tenant(1, wrapped),
    ):
        with pytest.raises(Tampered):
            attempt()


def test_no_two_uses_share_a_key() -> None:
    tenant, _ = VAULT.new_tenant(1)

    assert len({tenant.fields.key, tenant._wrapping, tenant._index}) == 3


def test_keys_are_made_from_the_randomness_that_is_passed_in() -> None:
    one, wrapped_one = VAULT.new_tenant(1, random=counting())
    two, wrapped_two = VAULT.new_tenant(1, random=counting())

    assert (one, wrapped_one) == (two, wrapped_two)
    assert one.new_contact(CONTACT, random=counting()) == two.new_contact(CONTACT, random=counting())


def test_a_key_is_never_printed() -> None:
    tenant, _ = VAULT.new_tenant(1)
    contact, _ = tenant.new_contact(CONTACT)

    printed = f"{VAULT!r} {tenant!r} {contact!r}"
    assert printed == "Vault() TenantKeys(tenant=1) FieldKey(tenant=1)"


# ---- looking up ---------------------------------------------------------------------------------------


def test_a_blind_index_finds_the_same_value_again_in_the_same_tenant_only() -> None:
    tenant, wrapped = VAULT.new_tenant(1)
    other, _ = VAULT.new_tenant(2)
    phone = tenant.blind_index("phone", "+447700900123")

    assert phone == VAULT.open_tenant(1, wrapped).blind_index("phone", "+447700900123")
    assert len(phone) == 32
    different = {
        phone,
        other.blind_index("phone", "+447700900123"),
        tenant.blind_index("phone", "+447700900124"),
        tenant.blind_index("email", "+447700900123"),
        tenant.blind_index("phone+", "447700900123"),
    }
    assert len(different) == 5


def test_suppression_needs_the_pepper_and_knows_its_level() -> None:
    person = ("phone", "+447700900123")
    marks = {
        VAULT.suppressed_at_tenant(1, *person),
        VAULT.suppressed_at_tenant(2, *person),
        VAULT.suppressed_at_organisation("1", *person),
        VAULT.suppressed_at_organisation("group", *person),
        replace(VAULT, pepper=b"q" * 32).suppressed_at_tenant(1, *person),
        VAULT.new_tenant(1)[0].blind_index(*person),
    }

    assert len(marks) == 6
    assert VAULT.suppressed_at_tenant(1, *person) in marks
    assert (
        replace(VAULT, master=b"x" * 32).suppressed_at_tenant(1, *person) in marks
    )  # a new master key forgets nobody


# ---- keys at rest -------------------------------------------------------------------------------------


def test_keys_are_read_from_the_environment_and_from_files(tmp_path: Path) -> None:
    text = base64.b64encode(KEY).decode()
    (tmp_path / "key").write_text(f"{text}\n")

    assert read_key("env:KEY", {"KEY": text}, setting="CONVO_MASTER_KEY") == KEY
    assert read_key(f"file:{tmp_path}/key", {}, setting="CONVO_MASTER_KEY") == KEY
    assert Vault.open(master="env:KEY", pepper="env:KEY", env={"KEY": text}).master == KEY


@pytest.mark.parametrize(
    "reference",
    [
        None,
        "",
        "env:",
        "env:NONE",
        "file:/no/such/file",
        "c2VjcmV0",
        "vault:x",
        "env:SHORT",
        "env:PROSE",
        "env:ODD",
    ],
)
def test_a_key_that_cannot_be_used_is_named_and_not_shown(reference: str | None) -> None:
    env = {"SHORT": "c2VjcmV0", "PROSE": "the secret, in prose", "ODD": "s€cret"}

    with pytest.raises(KeyUnusable) as caught:
        read_key(reference, env, setting="CONVO_MASTER_KEY")

    assert isinstance(caught.value, CryptoError)
    assert not any(value in str(caught.value) for value in env.values() if value != reference)


@pytest.mark.parametrize("setting", ["CONVO_MASTER_KEY", "CONVO_PEPPER"])
def test_a_key_that_nobody_named_is_called_by_its_setting(setting: str) -> None:
    references = {"CONVO_MASTER_KEY": "env:KEY", "CONVO_PEPPER": "env:KEY", setting: None}
    env = {"KEY": base64.b64encode(KEY).decode()}
    with pytest.raises(KeyUnusable, match=rf"^{setting} is not set: .*env:NAME or file:PATH"):
        Vault.open(master=references["CONVO_MASTER_KEY"], pepper=references["CONVO_PEPPER"], env=env)


def test_a_development_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    reference = development_key(tmp_path / "master.key")
    key = read_key(reference, {}, setting="CONVO_MASTER_KEY")

    assert development_key(tmp_path / "master.key") == reference
    assert read_key(reference, {}, setting="CONVO_MASTER_KEY") == key
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]
