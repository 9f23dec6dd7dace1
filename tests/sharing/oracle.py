"""A second reading of the rules, written apart from the first: what may cross a border, and what may not.

Policies are drawn as lists of plain rules. They are written out as Cedar for the border, and read here one by
one, without Cedar, without a table.
"""

import hashlib
import random
from dataclasses import dataclass

from noroshi.records.labels import Label
from noroshi.records.messages import FORMS, KINDS, PAYLOADS, Message, Opaque
from tests.sharing.words import FIVE, payload

EPOCH = "2022-10-04T00:00:00Z"
ACTIONS = ("address", "release", "relay", "fuse", "accept")
# Which actions speak of a form, and of an origin.
WITH_FORM, WITH_ORIGIN = ("release", "relay", "accept"), ("release", "relay", "accept", "fuse")
SENSORS = {nation: [f"{nation}-RADAR-1", f"{nation}-IR-2", f"{nation}-Sado"] for nation in FIVE}


def names(kind, chosen):
    """Names as Cedar writes them."""
    return [f'{kind}::"{one}"' for one in chosen]


def listed(kind, chosen):
    """The same in one line."""
    return ", ".join(names(kind, chosen))


@dataclass(frozen=True)
class Rule:
    """A rule of one nation; None or empty stands for anything."""

    permits: bool
    action: str
    recipients: tuple[str, ...]
    kinds: tuple[str, ...]
    origins: tuple[str, ...]
    forms: tuple[str, ...]
    exercise: bool | None

    def speaks_of(self, action, recipient, origin, kind, form, exercise):
        """Whether it says anything about this."""
        return (
            self.action == action
            and (not self.recipients or recipient in self.recipients)
            and (not self.kinds or kind in self.kinds)
            and (not self.origins or origin in self.origins)
            and (not self.forms or form in self.forms)
            and (self.exercise is None or self.exercise == exercise)
        )

    def cedar(self, name, nation):
        """The rule as Cedar reads it."""
        said = []
        if self.recipients:
            said.append(f"resource in [{listed('Nation', self.recipients)}]")
        if self.kinds:
            said.append(" || ".join(f"context.kind == {named}" for named in names("Kind", self.kinds)))
        if self.origins:
            said.append(f"[{listed('Nation', self.origins)}].contains(context.origin)")
        if self.forms:
            said.append(f"context.form in [{listed('Form', self.forms)}]")
        if self.exercise is not None:
            said.append("context.exercise" if self.exercise else "!context.exercise")
        when = f" when {{ {' && '.join(f'({one})' for one in said)} }}" if said else ""
        effect = "permit" if self.permits else "forbid"
        head = f'@id("{name}") @reason("drawn")\n{effect} '
        return (
            f'{head}(principal == Nation::"{nation}", action == Action::"{self.action}", resource){when};\n'
        )


def some(rng, of, chance):
    """A few of them, or none to stand for all."""
    return tuple(rng.sample(of, rng.randrange(1, len(of)))) if rng.random() < chance else ()


def draw_rules(rng):
    """Rules of one nation, more that permit than that forbid."""
    rules = []
    for _ in range(rng.randrange(14)):
        action = rng.choice(ACTIONS)
        rules.append(
            Rule(
                permits=rng.random() < 0.8,
                action=action,
                recipients=some(rng, FIVE, 0.4),
                kinds=some(rng, KINDS, 0.5),
                origins=some(rng, FIVE, 0.4) if action in WITH_ORIGIN else (),
                forms=some(rng, FORMS, 0.6) if action in WITH_FORM else (),
                exercise=rng.choice([None, None, True, False]),
            )
        )
    return rules


def written(rules, nation):
    """The whole policy of a nation as Cedar."""
    return "\n".join(rule.cedar(f"r{number}", nation) for number, rule in enumerate(rules))


def permits(rules, action, recipient, origin, kind, form, exercise):
    """One forbids: no. None permits: no."""
    kind = kind if kind in KINDS else "unregistered"
    speak = [rule for rule in rules if rule.speaks_of(action, recipient, origin, kind, form, exercise)]
    return bool(speak) and all(rule.permits for rule in speak)


def draw_message(rng, kinds):
    """A message of anybody, of one of these kinds, mostly well made; texts name sensors now and then."""
    origin = rng.choice(FIVE)
    kind = rng.choice(kinds)
    if kind == "unregistered":
        kind = rng.choice([kind, "weather_report"])
    fed = rng.sample([*SENSORS[origin], *SENSORS[rng.choice(FIVE)], rng.choice(FIVE)], rng.randrange(4))
    form = rng.choice(["whole", "whole", "whole", "elements", "coarse"])
    if form != "whole" and rng.random() < 0.9:
        fed = [one[:3] for one in fed]
    text = " ".join(rng.sample([*SENSORS[origin], *fed, "fell into the sea", "T7"], 2))
    said = payload(kind, rng.choice([f"{origin}-T1", *fed, *SENSORS[origin]]), text)
    named = tuple(one for one in FIVE if one != origin and rng.random() < 0.7)
    created_s = rng.uniform(0, 260)
    number = rng.randrange(100)
    return Message(
        id=f"{origin if rng.random() < 0.97 else 'JPN'}-{number:05d}",
        kind=kind,
        origin=origin,
        created_s=created_s,
        expires_s=created_s + rng.choice([30.0, 300.0, 3000.0]),
        label=Label(origin if rng.random() < 0.97 else "KOR", named, rng.random() < 0.8),
        payload=said if rng.random() < 0.95 else Opaque(b""),
        provenance=tuple(dict.fromkeys(fed)),
        form=form,
        derived_from=f"{origin}-{number:05d}" if form != "whole" and rng.random() < 0.9 else None,
    )


def readable(message):
    """Whether anything could be taken out of it."""
    return message.kind in PAYLOADS and not isinstance(message.payload, Opaque)


def form_that_goes(rules, message, holder, to, now_s, exercise):
    """The form in which it may go from `holder` to `to`, or None; a plain reading, top to bottom."""
    if to in (message.origin, holder) or to not in message.label.releasable_to:
        return None
    if message.label.exercise != exercise or now_s > message.expires_s:
        return None
    action = "release" if message.origin == holder else "relay"
    if not readable(message) and isinstance(message.payload, Opaque) and message.form != "whole":
        return None
    for form in FORMS[FORMS.index(message.form) :]:
        if permits(rules, action, to, message.origin, message.kind, form, exercise):
            if form != message.form and isinstance(message.payload, Opaque):
                return None
            fed_by = {name[:3] for name in message.provenance} - {message.origin, holder, to}
            fused = all(permits(rules, "fuse", to, one, message.kind, form, exercise) for one in fed_by)
            return form if fused else None
    return None


def wrong_in_itself(message):
    """What is wrong with it whoever holds it."""
    wrong = set()
    if message.label.originator != message.origin:
        wrong.add("label")
    ids = [message.id] + ([message.derived_from] if message.derived_from else [])
    if any(one[:4] != message.origin + "-" for one in ids):
        wrong.add("forged_origin")
    if message.form == "whole" and message.derived_from is not None:
        wrong.add("label")
    if message.form != "whole" and (
        isinstance(message.payload, Opaque) or any(len(name) > 3 for name in message.provenance)
    ):
        wrong.add("label")
    return wrong


def subject_of(message):
    """The subject, put together by hand."""
    token = message.id
    if "/" in token:
        token = "~" + hashlib.sha256(token.encode()).hexdigest()[:32]
    places = [one if one in message.label.releasable_to and one != message.origin else "_" for one in FIVE]
    return ".".join(["rel", *places, message.origin, message.kind, token])


@dataclass(frozen=True)
class Key:
    """Whose key signed."""

    nation: str
    exercise: bool = True
    cell: str = ""


def wrong_on_arrival(rules, message, me, partner, key, subject, epoch, now_s, exercise, seen):
    """Every reason for which `me` must refuse what `partner` hands over; empty where it must be taken."""
    wrong = wrong_in_itself(message)
    if not (key.exercise == exercise and message.label.exercise == exercise):
        wrong.add("marking")
    if epoch != EPOCH:
        wrong.add("epoch")
    if message.origin == me:
        wrong.add("forged_origin")
    if key.nation != message.origin:
        derived = message.derived_from is not None and message.form != "whole"
        if not (derived and key.nation == partner):
            wrong.add("forged_origin")
    if me not in message.label.releasable_to:
        wrong.add("label")
    if subject != subject_of(message):
        wrong.add("subject")
    if seen:
        wrong.add("replay")
    if now_s > message.expires_s:
        wrong.add("stale")
    if message.created_s > now_s + 30:
        wrong.add("future")
    if not permits(rules, "accept", partner, message.origin, message.kind, message.form, exercise):
        wrong.add("policy" if partner == message.origin else "relayed_without_right")
    return wrong


def rng_of(name):
    """Chance by a name, so that one trial can be looked at alone."""
    return random.Random(f"trust {name}")
