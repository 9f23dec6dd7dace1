"""The auditor finds what is wrong with the journals of an exchange, and nothing where nothing is."""

import base64
import dataclasses
import hashlib
from functools import lru_cache
from pathlib import Path

import pytest

from noroshi.formats import message as wire
from noroshi.formats.journal import START, link
from noroshi.live import heads
from noroshi.live.audit import ERRORS, STANDS, audit, errors
from noroshi.records.labels import Label
from noroshi.records.messages import HotlineText, Message, ReceiptList, SensorStatus
from noroshi.sharing import envelope, keys

EPOCH = "2026-05-01T00:00:00Z"
UTC = "2026-05-01T00:00:{:06.3f}Z"
NATIONS = ("USA", "JPN", "KOR")


@lru_cache
def signers():
    return {nation: keys.generate(nation, True, 0.0, 4e9) for nation in NATIONS}


def keyring():
    return keys.Keyring(tuple(signer.public for signer in signers().values()))


def message(name, origin="JPN", to=("USA", "KOR"), kind="hotline", payload=None, **more):
    said = payload or HotlineText("duty officer", "radio check")
    return Message(f"{origin}-{name}", kind, origin, 0.0, 600.0, Label(origin, to), said, (), **more)


def sealed(told, by=None):
    return envelope.seal(wire.encode(told, EPOCH), signers()[by or told.origin])


class Journals:
    """Journals that are put together by hand, one line after another."""

    def __init__(self):
        self.lines = {nation: [] for nation in NATIONS}

    def add(self, nation, event, **fields):
        return self.write(nation, {"t_s": 0.0, "node": nation, "event": event, **fields})

    def write(self, nation, entry):
        lines = self.lines[nation]
        lines.append({**entry, "seq": len(lines), "utc": UTC.format(len(lines))})
        return self

    def out(self, told, to, by=None, data=None):
        by = by or told.origin
        data = data or sealed(told)
        self._carried(by, "outgoing", told, data, to=to)
        return data

    def took(self, told, at, partner=None, data=None):
        return self._carried(at, "incoming", told, data or sealed(told), partner=partner or told.origin)

    def carry(self, told, to, by=None, data=None):
        """Sent, receipted, taken."""
        by = by or told.origin
        data = self.out(told, to, by, data)
        self.add(by, "receipt", message=told.id, to=to)
        return self.took(told, to, by, data)

    def head(self, nation):
        """A signed head, and what it says."""
        seq, chain = self.chain(nation)
        made = heads.make_head(seq, chain, UTC.format(seq), nation, signers()[nation])
        self.add(nation, "head", head=made.decode())
        return made

    def chain(self, nation):
        seq, chain = -1, START
        for entry in self.lines[nation]:
            seq = entry["seq"]
            _, chain = link(entry, seq, chain)
        return seq, chain

    def _carried(self, nation, event, told, data, **fields):
        about = {"message": told.id, "kind": told.kind, "origin": told.origin, "form": told.form}
        text = base64.b64encode(data).decode()
        return self.add(nation, event, **about, **fields, sealed=text, due_s=None)

    def audit(self, **options):
        return audit({nation: iter(lines) for nation, lines in self.lines.items()}, **options)


def honest():
    """JPN tells both, USA passes one on, KOR answers; receipts and heads are exchanged."""
    journals = Journals()
    one, two = message("1"), message("2")
    data = sealed(one)
    journals.carry(one, "USA", data=data)
    journals.carry(one, "KOR", by="USA", data=data)
    journals.carry(two, "USA")
    verdicts = ReceiptList(((one.id, "taken"), (two.id, "taken")))
    journals.carry(message("r1", "USA", ("JPN",), "receipt", verdicts), "JPN")
    for told in (one, two):
        journals.add("JPN", "acknowledged", message=told.id, partner="USA", verdict="taken")
    head = journals.head("JPN")
    countersigned = heads.countersign(head, UTC.format(30), signers()["USA"])
    for nation in ("USA", "JPN"):
        journals.write(nation, heads.entry(countersigned, 0.0, nation))
    return journals


def only(findings):
    """The one finding, as (what, nation, seq, message)."""
    (finding,) = findings
    assert finding.what in str(finding) and finding.nation in str(finding)
    return finding.what, finding.nation, finding.seq, finding.message


def test_where_nothing_is_wrong_nothing_is_found():
    assert honest().audit() == honest().audit(keyring=keyring()) == []


def test_journals_without_messages_are_in_order():
    assert audit({}) == audit({"JPN": [], "USA": []}) == []


def test_every_finding_is_an_error_or_tells_how_things_stand():
    assert not ERRORS.keys() & STANDS.keys()


# How things stand


def test_a_message_under_way_is_open_and_no_error():
    journals = Journals()
    journals.out(message("1"), "USA")
    assert only(journals.audit()) == ("open", "JPN", 0, "JPN-1")
    assert errors(journals.audit()) == []


def test_a_message_that_expired_on_its_way_is_told():
    journals = Journals()
    journals.out(message("1"), "USA")
    journals.add("JPN", "expired", message="JPN-1", to="USA")
    assert only(journals.audit()) == ("expired", "JPN", 0, "JPN-1")


def test_a_message_that_came_though_its_receipt_was_lost_is_no_finding():
    journals = Journals().carry(message("1"), "USA")
    journals.add("JPN", "expired", message="JPN-1", to="USA")
    assert journals.audit() == []


def test_a_refused_message_is_accounted_for_by_the_hash_of_its_bytes():
    journals = Journals()
    data = journals.out(message("1"), "USA")
    journals.add("JPN", "receipt", message="JPN-1", to="USA")
    sha256 = hashlib.sha256(data).hexdigest()
    journals.add(
        "USA", "refused", direction="in", partner="JPN", reason="stale", detail="late", sha256=sha256
    )
    journals.add("JPN", "acknowledged", message="JPN-1", partner="USA", verdict="stale")
    (finding,) = journals.audit()
    assert (finding.what, finding.message, finding.error) == ("refused", "JPN-1", False)
    assert "by USA: stale: late" in finding.detail


def test_of_a_flood_of_refusals_some_are_only_counted():
    journals = Journals()
    journals.out(message("1"), "USA")
    journals.add("JPN", "receipt", message="JPN-1", to="USA")
    journals.add("USA", "refused", direction="in", partner="JPN", reason="policy", more=7)
    assert only(journals.audit())[0] == "refused"


def test_what_a_hostile_partner_forged_and_we_refused_is_nobodys_error():
    journals = honest()
    journals.add("USA", "refused", direction="in", partner="KOR", reason="bad_signature", sha256="0" * 64)
    assert journals.audit() == []


def test_what_the_node_itself_will_not_use_was_taken_all_the_same():
    journals = Journals().carry(message("1"), "USA")
    journals.add("USA", "refused", message="JPN-1", kind="hotline", origin="JPN", reason="no use")
    assert journals.audit() == []


def test_a_nation_whose_journal_is_not_shown_is_unaudited():
    journals = honest()
    del journals.lines["KOR"]
    assert only(journals.audit()) == ("unaudited", "USA", 1, "JPN-1")
    journals = honest()
    del journals.lines["JPN"]
    assert {finding.what for finding in journals.audit()} == {"unaudited"}


def test_a_countersigned_head_of_a_nation_that_is_not_shown_is_unaudited():
    journals = Journals().add("JPN", "link", partner="USA", state="up")
    made = heads.countersign(journals.head("JPN"), UTC.format(1), signers()["USA"])
    entry = heads.entry(made, 0.0, "USA")
    journals.add("USA", "countersigned", countersigned=entry["countersigned"])
    del journals.lines["JPN"]
    assert only(journals.audit())[:3] == ("unaudited", "USA", 0)


# What is wrong with a message


def test_a_receipted_message_that_the_partner_does_not_hold_is_lost():
    journals = honest()
    journals.lines["USA"] = [one for one in journals.lines["USA"] if one["seq"] < 3]
    journals.lines["JPN"] = journals.lines["JPN"][:4]
    assert only(errors(journals.audit())) == ("lost", "JPN", 2, "JPN-2")


def test_a_journal_that_was_copied_a_little_earlier_has_lost_nothing():
    journals = Journals().carry(message("1"), "USA")
    journals.lines["USA"].clear()
    assert only(journals.audit())[0] == "lost"
    assert only(journals.audit(running=True))[0] == "open"


def test_a_message_taken_twice_is_found():
    journals = Journals().carry(message("1"), "USA").took(message("1"), "USA")
    assert only(journals.audit()) == ("twice", "USA", 1, "JPN-1")


def test_a_message_taken_once_from_each_of_two_partners_is_taken_twice():
    journals = Journals()
    data = sealed(message("1"))
    for partner in ("USA", "KOR"):
        journals.carry(message("1"), partner, data=data)
    journals.carry(message("1"), "KOR", by="USA", data=data)
    assert only(journals.audit()) == ("twice", "KOR", 1, "JPN-1")


def test_a_label_that_does_not_name_the_holder_is_a_leak_at_both_ends():
    journals = Journals().carry(message("1", to=("USA",)), "KOR")
    found = journals.audit()
    assert [(one.what, one.nation) for one in found] == [("leak", "JPN"), ("leak", "KOR")]
    assert "does not name KOR" in found[0].detail


def test_a_leak_to_a_nation_whose_journal_is_not_shown_is_found_at_the_sender():
    journals = Journals().carry(message("1", to=("USA",)), "KOR")
    del journals.lines["KOR"]
    assert only(errors(journals.audit())) == ("leak", "JPN", 0, "JPN-1")


def test_a_message_from_nowhere_is_unsent():
    journals = Journals().took(message("1"), "USA")
    assert only(journals.audit()) == ("unsent", "USA", 0, "JPN-1")
    journals = Journals().took(message("1"), "KOR", partner="USA")
    assert only(journals.audit()) == ("unsent", "KOR", 0, "JPN-1")


def test_what_the_sender_wrote_after_its_journal_was_copied_is_open():
    journals = Journals().took(message("1"), "USA")
    assert only(journals.audit(running=True))[0] == "open"


def test_bytes_that_changed_on_their_way_are_found():
    journals = Journals()
    journals.out(message("1"), "USA")
    other = dataclasses.replace(message("1"), expires_s=601.0)
    journals.took(other, "USA")
    assert only(journals.audit()) == ("altered", "USA", 0, "JPN-1")


def test_a_relay_of_what_was_never_taken_is_found():
    journals = Journals().carry(message("1"), "KOR", by="USA")
    assert only(journals.audit()) == ("unheld", "USA", 0, "JPN-1")


def test_a_derivative_of_what_was_taken_may_go_on_under_the_seal_of_who_made_it():
    journals = Journals().carry(message("1"), "USA")
    made = message("1.coarse", form="coarse", derived_from="JPN-1")
    journals.carry(made, "KOR", by="USA", data=sealed(made, "USA"))
    assert journals.audit(keyring=keyring()) == []
    journals.lines["USA"] = [{**one, "seq": one["seq"] - 1} for one in journals.lines["USA"][1:]]
    assert ("unheld", "USA") in {(one.what, one.nation) for one in journals.audit()}


def test_messages_of_one_lane_that_changed_places_are_found():
    journals = Journals()
    first, second = message("1"), message("2")
    sent = {told.id: journals.out(told, "USA") for told in (first, second)}
    for told in (second, first):
        journals.took(told, "USA", data=sent[told.id])
    assert only(journals.audit()) == ("order", "USA", 1, "JPN-1")


def test_a_warning_may_overtake_bulk():
    journals = Journals()
    status = SensorStatus("JPN-1", "up", 0.0, None, "")
    bulk, warning = message("1", kind="sensor_status", payload=status), message("2")
    sent = {told.id: journals.out(told, "USA") for told in (bulk, warning)}
    for told in (warning, bulk):
        journals.took(told, "USA", data=sent[told.id])
    assert journals.audit() == []


def test_bytes_that_hold_another_message_are_unreadable():
    journals = Journals()
    journals.out(message("1"), "USA", data=b"no seal at all")
    assert [one.what for one in journals.audit()] == ["open", "unreadable"]
    journals = Journals()
    journals.out(message("1"), "USA", data=sealed(message("2")))
    assert [one.what for one in journals.audit()] == ["open", "unreadable"]


def test_an_entry_that_lacks_a_field_is_unreadable():
    journals = Journals().add("JPN", "outgoing", message="JPN-1")
    assert only(journals.audit()) == ("unreadable", "JPN", 0, "")


def test_a_message_under_anothers_seal_is_found_with_the_keys():
    journals = Journals().carry(message("1"), "USA", data=bytes(bytearray(sealed(message("1")))[:-1] + b"x"))
    assert journals.audit() == []
    assert only(journals.audit(keyring=keyring())) == ("signature", "USA", 0, "JPN-1")


# Receipts


def test_a_receipt_of_what_was_not_sent_is_untrue():
    journals = Journals().add("JPN", "receipt", message="JPN-1", to="USA")
    assert only(journals.audit()) == ("receipt", "JPN", 0, "JPN-1")


def test_a_partner_that_said_taken_and_did_not_is_found():
    journals = Journals()
    journals.out(message("1"), "USA")
    journals.add("JPN", "acknowledged", message="JPN-1", partner="USA", verdict="taken")
    assert [one.what for one in journals.audit()] == ["lost", "receipt"]


def test_a_partner_that_said_refused_and_holds_no_refusal_is_found():
    journals = Journals()
    journals.out(message("1"), "USA")
    journals.add("JPN", "acknowledged", message="JPN-1", partner="USA", verdict="policy")
    assert [one.what for one in journals.audit()] == ["lost", "receipt"]


def test_a_nation_that_tells_its_partner_it_took_what_it_did_not_is_found():
    journals = Journals()
    lie = message("r1", "USA", ("JPN",), "receipt", ReceiptList((("JPN-9", "taken"), ("JPN-8", "policy"))))
    journals.carry(lie, "JPN")
    assert only(journals.audit()) == ("receipt", "USA", 0, "USA-r1")


# The journal itself


def test_a_lost_line_is_found():
    journals = honest()
    del journals.lines["USA"][3]
    assert ("chain", "USA", 3) in {(one.what, one.nation, one.seq) for one in journals.audit()}


def test_a_line_whose_chain_is_another_is_found():
    journals = honest()
    journals.lines["KOR"][0]["chain"] = "f" * 64
    assert ("chain", "KOR", 0) in {(one.what, one.nation, one.seq) for one in journals.audit()}


def test_a_history_that_is_rewritten_after_a_countersigned_head_is_a_fork():
    journals = honest()
    # JPN rewrites its first line, and all its own later heads and countersignatures with it.
    journals.lines["JPN"][0]["t_s"] = 99.0
    journals.lines["JPN"] = [
        one for one in journals.lines["JPN"] if one["event"] not in ("head", "countersigned")
    ]
    seq = journals.lines["JPN"][-1]["seq"]
    journals.head("JPN")
    found = errors(journals.audit(keyring=keyring()))
    assert only(found)[:3] == ("fork", "JPN", seq)
    assert "USA countersigned" in found[0].detail


def test_a_journal_that_ends_before_a_countersigned_head_is_cut():
    journals = honest()
    journals.lines["JPN"] = journals.lines["JPN"][:6]
    found = errors(journals.audit())
    assert [(one.what, one.nation, one.seq) for one in found] == [("cut", "JPN", 5)]


def test_a_head_that_does_not_say_what_the_journal_says_is_found():
    journals = Journals()
    journals.add("JPN", "link", partner="USA", state="up")
    false = heads.make_head(0, "a" * 64, UTC.format(0), "JPN", signers()["JPN"])
    journals.add("JPN", "head", head=false.decode())
    assert only(journals.audit()) == ("head", "JPN", 1, "")


@pytest.mark.parametrize("event, field", [("head", "head"), ("countersigned", "countersigned")])
def test_a_head_or_countersignature_of_a_strange_key_is_found_with_the_keys(event, field):
    journals = Journals()
    journals.add("JPN", "link", partner="USA", state="up")
    strange = keys.generate("JPN", True, 0.0, 4e9)
    made = heads.make_head(*journals.chain("JPN"), UTC.format(0), "JPN", strange)
    if event == "countersigned":
        made = heads.countersign(made, UTC.format(1), signers()["USA"])
    journals.add("JPN", event, **{field: made.decode()})
    assert journals.audit() == []
    assert only(journals.audit(keyring=keyring())) == ("signature", "JPN", 1, "")


def test_a_head_that_is_none_is_found():
    for event in ("head", "countersigned"):
        assert only(Journals().add("JPN", event, **{event: "{}"}).audit()) == ("signature", "JPN", 0, "")


def test_every_error_that_the_auditor_knows_has_a_test_above():
    here = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{what}"' in here for what in (*ERRORS, *STANDS))
