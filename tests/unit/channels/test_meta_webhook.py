"""Meta's envelope: what each kind of event becomes, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from runtime.channels.dialog360 import Dialog360
from runtime.errors import MalformedWebhook
from runtime.messages import (
    Identity,
    InboundEvent,
    InboundMessage,
    Malformed,
    MediaReference,
    OperatorMessage,
    Preference,
    StatusUpdate,
)
from tests.unit.web.world import NOW, PHONE, said, whatsapp

SAM = Identity(kind="phone", value="+447700900123")
USER_ID = "GB.13490000000000000001"
SHARED = Path(__file__).parents[4] / "shared" / "contracts"
META_EXAMPLES = SHARED / "meta" / "webhook-examples.json"
DIALOG360_EXAMPLES = SHARED / "dialog360"


def parse(document: object, **options: str) -> list[InboundEvent]:
    connection = replace(PHONE, options=options)
    channel = Dialog360(httpx2.AsyncClient())
    return list(channel.parse(connection, json.dumps(document).encode(), NOW))


def message(content: dict[str, Any]) -> InboundMessage:
    base = {"from": "447700900123", "id": "wamid.EXAMPLE1", "timestamp": "1795516200"}
    (event,) = parse(whatsapp({**base, **content}))
    assert isinstance(event, InboundMessage)
    return event


@pytest.mark.parametrize(
    "status", [{"id": 1, "status": {}, "timestamp": []}, {"id": "wamid.X"}, {"status": "sent"}]
)
def test_a_status_that_cannot_be_read_is_rejected_and_not_lost(status: dict[str, Any]) -> None:
    document: Any = whatsapp(said("hello"))
    value = document["entry"][0]["changes"][0]["value"]
    del value["messages"]
    value["statuses"] = [status]
    assert [type(event) for event in parse(document)] == [Malformed]


def test_a_text_message_keeps_who_when_and_what() -> None:
    (event,) = parse(whatsapp(said("do i have to use you")))
    assert event == InboundMessage(
        provider_id="wamid.EXAMPLE1",
        sender=SAM,
        sent_at=datetime(2026, 11, 24, 10, 30, tzinfo=UTC),
        kind="text",
        text="do i have to use you",
        profile_name="Sam Example",
    )


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"type": "button", "button": {"text": "Unsubscribe", "payload": "P"}}, "button", "Unsubscribe"),
        ({"type": "button", "button": {"payload": "STOP"}}, "button", "STOP"),
        (
            {
                "type": "interactive",
                "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Yes"}},
            },
            "button",
            "Yes",
        ),
        (
            {
                "type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "Two"}},
            },
            "button",
            "Two",
        ),
        ({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {}}}, "unsupported", ""),
        ({"type": "image", "image": {"id": "1", "caption": "my statement"}}, "image", "my statement"),
        ({"type": "audio", "audio": {"id": "1"}}, "audio", ""),
        ({"type": "video", "video": {"caption": "see"}}, "video", "see"),
        ({"type": "document", "document": {"caption": "stop", "filename": "a.pdf"}}, "document", "stop"),
        ({"type": "sticker", "sticker": {"id": "1"}}, "sticker", ""),
        ({"type": "location", "location": {"latitude": 1, "longitude": 2}}, "location", ""),
        ({"type": "reaction", "reaction": {"emoji": "👍"}}, "reaction", ""),
        ({"type": "unsupported", "errors": [{"code": 131051}]}, "unsupported", ""),
        ({"type": "something_of_2031", "something_of_2031": {"a": 1}}, "unsupported", ""),
        ({"type": 7}, "unsupported", ""),
        ({}, "unsupported", ""),
        ({"type": "text", "text": "not an object"}, "unsupported", ""),
    ],
)
def test_every_kind_of_message_is_kept(content: dict[str, Any], kind: str, text: str) -> None:
    event = message(content)
    assert (event.kind, event.text) == (kind, text)


@pytest.mark.parametrize(
    ("content", "text", "payload"),
    [
        ({"type": "button", "button": {"text": "Not for me", "payload": "STOP"}}, "Not for me", "STOP"),
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "button_reply",
                    "button_reply": {"id": "opt_out", "title": "No more"},
                },
            },
            "No more",
            "opt_out",
        ),
        (
            {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "STOP"}}},
            "",
            "STOP",
        ),
        ({"type": "reaction", "reaction": {"message_id": "wamid.OURS", "emoji": "🛑"}}, "", "🛑"),
        ({"type": "text", "text": {"body": "hello"}}, "hello", ""),
    ],
)
def test_what_stands_behind_a_button_or_a_reaction_is_carried_beside_its_label(
    content: dict[str, Any], text: str, payload: str
) -> None:
    event = message(content)
    assert (event.text, event.payload) == (text, payload)


def test_a_quoted_message_is_remembered() -> None:
    event = message({"type": "text", "text": {"body": "yes"}, "context": {"id": "wamid.OURS"}})
    assert event.reply_to == "wamid.OURS"


def test_a_person_known_by_user_id_alone_is_a_person() -> None:
    body = whatsapp(
        {
            "from_user_id": USER_ID,
            "id": "a",
            "timestamp": "1795516200",
            "type": "text",
            "text": {"body": "hi"},
        }
    )
    body["entry"][0]["changes"][0]["value"]["contacts"] = [{"user_id": USER_ID, "profile": {"name": "Sam"}}]  # type: ignore[index]
    (event,) = parse(body)
    assert isinstance(event, InboundMessage)
    assert event.sender == Identity(kind="bsuid", value=USER_ID)
    assert event.profile_name == "Sam"


def test_a_person_with_number_and_user_id_is_known_by_both() -> None:
    body = whatsapp(said("hi"))
    body["entry"][0]["changes"][0]["value"]["contacts"][0]["user_id"] = USER_ID  # type: ignore[index]
    (event,) = parse(body)
    assert isinstance(event, InboundMessage)
    assert event.sender == SAM
    assert event.aliases == (Identity(kind="bsuid", value=USER_ID),)


def test_in_a_batch_every_message_finds_its_own_contact() -> None:
    other = {**said("two", "b"), "from": "447700900145"}
    body = whatsapp(said("one", "a"), other)
    body["entry"][0]["changes"][0]["value"]["contacts"].append(  # type: ignore[index]
        {"wa_id": "447700900145", "profile": {"name": "Alex Sample"}}
    )
    names = [event.profile_name for event in parse(body) if isinstance(event, InboundMessage)]
    assert names == ["Sam Example", "Alex Sample"]


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("played", "read"),
        ("failed", "failed"),
    ],
)
def test_a_status_carries_our_reference_back(given: str, becomes: str) -> None:
    status = {
        "id": "wamid.OURS",
        "status": given,
        "timestamp": "1795516200",
        "biz_opaque_callback_data": "key-1",
    }
    (event,) = parse(whatsapp(statuses=[status]))
    assert isinstance(event, StatusUpdate)
    assert (event.provider_id, event.status, event.client_ref) == ("wamid.OURS", becomes, "key-1")


def test_a_status_nobody_knows_is_passed_over() -> None:
    assert parse(whatsapp(statuses=[{"id": "x", "status": "deleted", "timestamp": "1"}])) == []


def test_a_failure_says_why() -> None:
    errors = [{"code": 131047, "title": "Re-engagement message"}]
    (event,) = parse(whatsapp(statuses=[{"id": "x", "status": "failed", "timestamp": "1", "errors": errors}]))
    assert isinstance(event, StatusUpdate)
    assert (event.error_code, event.error_title) == (131047, "Re-engagement message")


def test_a_failure_because_the_person_stopped_us_is_a_stop_as_well() -> None:
    status = {
        "id": "x",
        "status": "failed",
        "timestamp": "1795516200",
        "recipient_id": "447700900123",
        "errors": [{"code": 131050}],
    }
    failed, stop = parse(whatsapp(statuses=[status]))
    assert isinstance(failed, StatusUpdate)
    assert stop == Preference(
        provider_id="x.131050", sender=SAM, value="stop", at=datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "errors", [[{"code": 131026}, {"code": 131050}], ["?", {"title": "x"}, {"code": 131050}]]
)
def test_that_the_person_stopped_us_counts_wherever_it_stands_among_the_errors(errors: list[Any]) -> None:
    status = {
        "id": "x",
        "status": "failed",
        "timestamp": "1795516200",
        "recipient_id": "447700900123",
        "errors": errors,
    }
    failed, stop = parse(whatsapp(statuses=[status]))
    assert isinstance(failed, StatusUpdate)
    assert isinstance(stop, Preference)
    assert (failed.error_code, stop.sender, stop.value) == (131050, SAM, "stop")


@pytest.mark.parametrize("recipient", [{}, {"recipient_id": ""}, {"recipient_id": "group@g.us"}])
def test_a_stop_among_the_errors_is_told_even_where_nobody_is_named(recipient: dict[str, Any]) -> None:
    errors = [{"code": 131026, "title": "Undeliverable"}, {"code": 131050, "title": "Stopped"}]
    status = {"id": "x", "status": "failed", "timestamp": "1795516200", "errors": errors, **recipient}
    (event,) = parse(whatsapp(statuses=[status]))
    assert isinstance(event, StatusUpdate)
    assert (event.provider_id, event.status) == ("x", "failed")
    assert (event.error_code, event.error_title) == (131050, "Stopped")


@pytest.mark.parametrize(
    ("value", "becomes"), [("stop", "stop"), ("resume", "resume"), ("opt_out", "stop"), ("", "stop")]
)
def test_only_the_plain_word_lifts_a_stop(value: str, becomes: str) -> None:
    body = whatsapp()
    change: Any = body["entry"][0]["changes"][0]  # type: ignore[index]
    change["field"] = "user_preferences"
    wish = {
        "wa_id": "447700900123",
        "category": "marketing_messages",
        "value": value,
        "timestamp": 1795516200,
    }
    change["value"]["user_preferences"] = [wish]
    (event,) = parse(body)
    assert isinstance(event, Preference)
    assert (event.sender, event.value) == (SAM, becomes)
    assert parse(body) == [event]  # the same wish again has the same id
    assert "447700900123" not in event.provider_id


@pytest.mark.parametrize("timestamp", ["", "soon", "99999999999999999999", None, "-99999999999999"])
def test_an_unreadable_date_does_not_lose_the_message(timestamp: str | None) -> None:
    (event,) = parse(whatsapp({**said("hi"), "timestamp": timestamp}))
    assert isinstance(event, InboundMessage)
    assert event.sent_at == NOW


def test_a_message_of_1970_keeps_its_date_for_whoever_decides_about_it() -> None:
    (event,) = parse(whatsapp({**said("hi"), "timestamp": "0"}))
    assert isinstance(event, InboundMessage)
    assert event.sent_at.year == 1970


def test_ids_and_names_are_cleaned_too() -> None:
    body = whatsapp({**said("hi"), "id": "a\x00b"})
    body["entry"][0]["changes"][0]["value"]["contacts"][0]["profile"]["name"] = "Sam\ud800" + "m" * 500  # type: ignore[index]
    (event,) = parse(body)
    assert isinstance(event, InboundMessage)
    assert event.provider_id == "a\ufffdb"
    assert event.profile_name is not None
    assert len(event.profile_name) == 200
    event.profile_name.encode()


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({**said("hi"), "id": ""}, "entry[0].changes[0].value.messages[1].id is missing"),
        ({**said("hi"), "id": "x" * 513}, "unreasonably long"),
        ({"id": "a", "type": "text", "text": {"body": "hi"}}, "names no sender"),
        ("not an object", "messages[1] is not an object"),
    ],
)
def test_a_message_that_cannot_be_read_is_kept_with_its_place_and_its_neighbours_stand(
    broken: Any, reason: str
) -> None:
    body = whatsapp(said("one", "a"), broken, said("three", "c"))
    body["entry"][0]["changes"][0]["value"]["contacts"] = []  # type: ignore[index]
    first, bad, last = parse(body)
    assert isinstance(first, InboundMessage)
    assert isinstance(last, InboundMessage)
    assert [first.text, last.text] == ["one", "three"]
    assert isinstance(bad, Malformed)
    assert reason in bad.reason
    assert json.loads(bad.raw) == broken
    assert parse(body)[1] == bad  # brought again, it is the same


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"value": None}, "value is not an object"),
        ({"value": {"messages": {}}}, "messages is not a list"),
        ({"value": {"messages": [], "statuses": "x"}}, "statuses is not a list"),
        ({"value": {"statuses": [{"status": "sent"}]}}, "statuses[0].id is missing"),
        (
            {"field": "user_preferences", "value": {"user_preferences": [{"value": "stop"}]}},
            "names no person",
        ),
    ],
)
def test_a_change_of_the_wrong_shape_is_kept_and_the_next_change_stands(
    fields: dict[str, Any], reason: str
) -> None:
    body: dict[str, Any] = whatsapp(said("hi"))
    body["entry"][0]["changes"].insert(0, {"field": "messages", **fields})
    bad, good = parse(body)
    assert isinstance(bad, Malformed)
    assert reason in bad.reason
    assert isinstance(good, InboundMessage)


@pytest.mark.parametrize("entry", ["x", {}, {"changes": 1}, {"changes": ["x"]}])
def test_an_entry_of_the_wrong_shape_is_kept_and_the_next_entry_stands(entry: Any) -> None:
    body: dict[str, Any] = whatsapp(said("hi"))
    body["entry"].insert(0, entry)
    assert [type(event) for event in parse(body)] == [Malformed, InboundMessage]


def test_contacts_of_the_wrong_shape_lose_a_name_and_no_message() -> None:
    body: dict[str, Any] = whatsapp(said("hi"))
    body["entry"][0]["changes"][0]["value"]["contacts"] = "x"
    (event,) = parse(body)
    assert isinstance(event, InboundMessage)
    assert event.profile_name is None


def test_a_reason_never_quotes_the_item() -> None:
    (bad,) = parse(whatsapp({**said("my secret"), "id": ""}))
    assert isinstance(bad, Malformed)
    assert "my secret" not in bad.reason
    assert "900123" not in bad.reason + bad.provider_id


def test_an_item_nested_as_deep_as_can_be_read_is_kept() -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    (bad,) = parse(whatsapp({"id": "a", "type": "text", "deep": deep, "from": "nobody"}))
    assert isinstance(bad, InboundMessage | Malformed)


def test_a_webhook_all_about_another_number_is_refused() -> None:
    assert len(parse(whatsapp(said("hi")), phone_number_id="4242")) == 1
    with pytest.raises(MalformedWebhook, match="not this connection's number"):
        parse(whatsapp(said("hi")), phone_number_id="1")
    body = whatsapp(said("hi"))
    del body["entry"][0]["changes"][0]["value"]["metadata"]  # type: ignore[index]
    with pytest.raises(MalformedWebhook, match="not this connection's number"):
        parse(body, phone_number_id="4242")


def test_one_change_about_another_number_becomes_nobodys_conversation_and_holds_up_nobody() -> None:
    body: dict[str, Any] = whatsapp(said("hi"))
    astray: dict[str, Any] = whatsapp(said("for somebody else", "b"))
    change = astray["entry"][0]["changes"][0]
    change["value"]["metadata"]["phone_number_id"] = "1"
    body["entry"][0]["changes"].append(change)
    good, bad = parse(body, phone_number_id="4242")
    assert isinstance(good, InboundMessage)
    assert isinstance(bad, Malformed)


def test_meta_s_own_published_examples_can_all_be_read_where_they_are_at_hand() -> None:
    published = json.loads(META_EXAMPLES.read_text())["examples"] if META_EXAMPLES.exists() else {}
    ours = {
        "Text Message": whatsapp(said("hi")),
        "System Message": whatsapp({**said("x"), "type": "system", "system": {}}),
    }
    for name, body in {**ours, **published}.items():
        events = parse(body)
        assert len(events) == (0 if name.startswith("Group") else 1), name


def test_360dialog_shaped_files_can_all_be_read_where_they_are_at_hand() -> None:
    ours = [whatsapp(said("hi")), whatsapp(statuses=[{"id": "x", "status": "read", "timestamp": "1"}])]
    for envelope in [*ours, *_envelopes(DIALOG360_EXAMPLES)]:
        assert parse(envelope)


def _envelopes(folder: Path) -> list[Any]:
    found: list[Any] = []
    for path in sorted(folder.glob("*.json")):
        found += _envelopes_in(json.loads(path.read_text()))
    return found


def _envelopes_in(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [inner for item in value for inner in _envelopes_in(item)]
    if not isinstance(value, dict):
        return []
    if "object" in value:
        return [value]
    return [inner for item in value.values() for inner in _envelopes_in(item)]


# ---- media and echoes -------------------------------------------------------------------------------------------------


def test_a_picture_is_a_reference_to_what_stays_with_the_provider() -> None:
    image = {"id": "1234", "mime_type": "image/jpeg; codecs=x", "sha256": "abc=", "caption": "my bill"}
    event = message({"type": "image", "image": image})
    assert (event.kind, event.text) == ("image", "my bill")
    assert event.media == (MediaReference(reference="1234", media_type="image/jpeg", sha256="abc="),)


@pytest.mark.parametrize("part", [{}, {"id": ""}, {"id": []}, {"caption": "x"}])
def test_a_picture_without_an_id_is_a_message_all_the_same(part: dict[str, Any]) -> None:
    event = message({"type": "image", "image": part})
    assert (event.kind, event.media) == ("image", ())


def echoed(**more: Any) -> list[InboundEvent]:
    echo = {
        "from": "447700900001",
        "to": "447700900123",
        "id": "wamid.PHONE1",
        "timestamp": "1795516200",
        "type": "text",
        "text": {"body": "I'll ring you at four."},
    }
    document: Any = whatsapp(said("hello"))
    change = document["entry"][0]["changes"][0]
    change["field"] = "smb_message_echoes"
    change["value"] = {"metadata": change["value"]["metadata"], "message_echoes": [{**echo, **more}]}
    return parse(document)


def test_what_somebody_writes_on_the_phone_itself_is_an_operators_message() -> None:
    (event,) = echoed()
    assert event == OperatorMessage(
        provider_id="wamid.PHONE1",
        to=SAM,
        aliases=(),
        sent_at=datetime(2026, 11, 24, 10, 30, tzinfo=UTC),
        kind="text",
        text="I'll ring you at four.",
    )


def test_a_picture_sent_from_the_phone_is_a_take_over_as_well() -> None:
    (event,) = echoed(type="image", image={"id": "9", "caption": "like this"})
    assert isinstance(event, OperatorMessage)
    assert (event.kind, event.text) == ("image", "like this")


@pytest.mark.parametrize("wrong", [{"to": ""}, {"to": "nobody"}, {"id": None}])
def test_an_echo_that_names_nobody_is_kept_for_a_human(wrong: dict[str, Any]) -> None:
    assert [type(event) for event in echoed(**wrong)] == [Malformed]
