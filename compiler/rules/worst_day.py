"""The worst day the files allow spends more than the spend breaker lets through.

Once the day's `spend_pence` is spent, nothing more is started and replies come from the register only, without a model, until
the next day. What we start ourselves must therefore not be able to use up what is needed to answer. Messages we start cost
what caps.yaml says under `prices`: the dearest channel with outreach counts. Where it gives no price, the runtime counts 5.5p
on 360dialog and nothing elsewhere, and so does this rule for one person. A model's turn costs at most `pence_per_turn`.

These contradict each other whatever the day brings, and are errors:

- one person may spend more a day than the whole tenant;
- one message we start costs more than a person, or the tenant, may spend a day, so that none could ever go;
- what one person may be sent in a day (`per_day` of consent.yaml) and one model's turn cost more than a person may spend: who
  answers our message is answered without a model.

This one depends on how many people a campaign has, which no file says, and is a warning: at `outbound_per_minute` from the
opening of the day, the messages we start alone have spent the tenant's day before noon. It is worked out where the price of a
message we start is stated.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import WARNING, Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.strictest import minutes, strictest
from compiler.source.tree import Map

CODE = Code(
    code="CV5031",
    name="worst-day",
    summary="a worst day that costs more than the spend breaker lets through",
    explanation=__doc__,
    bad="spend_pence:\n  per_day: 2000\n  per_contact_per_day: 5000",
    good="spend_pence:\n  per_day: 2000\n  per_contact_per_day: 50",
)
NEEDS = frozenset({"caps", "channels", "consent", "journeys", "tenant"})

PENNY = 1_000_000  # prices are in millionths of one
UNPRICED = 5_500_000  # as the database's send_price_v1 has it
NOON = 12 * 60


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    spend = source.sections["caps"]["spend_pence"]
    if spend["per_contact_per_day"] > spend["per_day"]:
        yield CODE.at(
            spend.value("per_contact_per_day"),
            f"one person may spend {spend['per_contact_per_day']}p a day, the whole tenant {spend['per_day']}p",
            labels=[Label(span=spend.value("per_day"), text="for the tenant")],
            help="the tenant's day must hold more than one person's",
        )
        return
    price = _price(source)
    if price and source.sections["journeys"]["campaigns"]:
        yield from _one_person(source, spend, price)
        if any("proactive" in held for held in source.sections["caps"].get("prices", {}).values()):
            yield from _the_day(source, spend, price)


def _price(source: Source) -> int:
    """What one message we start costs at most, in millionths of a penny; 0 when nothing is started or nothing has a price."""
    prices = source.sections["caps"].get("prices", {})
    channels = {connection.channel for connection in source.connections if connection.outreach}
    return max(
        (prices.get(c, {}).get("proactive", UNPRICED if c == "whatsapp_360dialog" else 0) for c in channels),
        default=0,
    )


def _one_person(source: Source, spend: Map, price: int) -> Iterator[Diagnostic]:
    mine = spend["per_contact_per_day"] * PENNY
    turn = source.sections["caps"]["models"]["pence_per_turn"] * PENNY
    started = (strictest(source, "per_day") or 0) * price
    if price > mine:
        yield CODE.at(
            spend.value("per_contact_per_day"),
            f"a message we start costs {_pence(price)}, and a person may spend {_pence(mine)} a day: none could ever go",
            help="raise it, or start nothing on this channel",
        )
    elif started + turn > mine:
        yield CODE.at(
            spend.value("per_contact_per_day"),
            f"a person may be sent {_pence(started)} a day by us, and an answer costs {_pence(turn)}: "
            f"{_pence(started + turn)} is more than the {_pence(mine)} a person may spend",
            labels=[Label(span=source.sections["caps"]["models"].value("pence_per_turn"), text="one turn")],
            help="who answers our message would be answered without a model: raise it",
        )


def _the_day(source: Source, spend: Map, price: int) -> Iterator[Diagnostic]:
    rates = source.sections["caps"]["rates"]
    opens, shuts = (minutes(strictest(source, key) or "24:00") for key in ("open_from", "open_until"))
    day, rate = spend["per_day"] * PENNY, rates["outbound_per_minute"]
    lasts = day // (rate * price)
    if opens + lasts < min(NOON, shuts):
        gone = f"{(opens + lasts) // 60:02}:{(opens + lasts) % 60:02}"
        yield CODE.at(
            spend.value("per_day"),
            f"{rate} messages a minute at {_pence(price)} spend the {_pence(day)} of a day by {gone}; "
            f"until {shuts // 60:02}:{shuts % 60:02} they would cost {_pence((shuts - opens) * rate * price)}",
            severity=WARNING,
            labels=[Label(span=rates.value("outbound_per_minute"), text="the rate")],
            help=f"replies would come from the register only after {gone}: raise `per_day`, lower the rate, or "
            f"start at most {day // price} conversations a day",
        )


def _pence(micros: int) -> str:
    whole, rest = divmod(micros, PENNY)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".") + "p"
