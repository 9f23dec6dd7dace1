"""Joining, changing keys and leaving, by letters alone: what counts, and what is refused with its reason."""

import base64
import json
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import InputError
from noroshi.live import federation, identity, joining, letters, rotation
from noroshi.live import home as homes
from noroshi.sharing import keys

EPOCH = "2026-01-01T00:00:00Z"
NOW = 1_780_000_000.0
HOUR_S = 3_600.0


def founded(folder, nation="USA", **other):
    """A first home."""
    given_ = {"exercise": True, "federation": "keen", "epoch_utc": EPOCH, "now_unix_s": NOW, **other}
    return federation.make_home(folder, nation, **given_)


def invited(folder, place, nation="JPN", now=NOW, **other):
    """An invitation's file."""
    place.write_bytes(joining.invite(folder, nation, now_unix_s=now, **other).data)
    return place


def joined(invitation, folder, place, now=NOW):
    """An answer's file."""
    place.write_bytes(joining.join(invitation, folder, now_unix_s=now).request)
    return place


@pytest.fixture(autouse=True)
def the_machines_clock_says_so(monkeypatch):
    """Homes are read by this machine's clock."""
    monkeypatch.setattr(identity, "clock", lambda: NOW)


@pytest.fixture
def usa(tmp_path):
    return founded(tmp_path / "usa")


@pytest.fixture
def both(usa, tmp_path):
    """USA and JPN, partners."""
    invitation = invited(usa.folder, tmp_path / "invitation")
    request = joined(invitation, tmp_path / "jpn", tmp_path / "request")
    accepted, _ = joining.accept(request, usa.folder, NOW)
    return accepted, homes.load_home(tmp_path / "jpn")


def test_who_is_invited_and_accepted_knows_the_other_and_is_known(both):
    usa, jpn = both
    assert jpn.settings.model_dump(exclude={"nation", "server"}) == usa.settings.model_dump(
        exclude={"nation", "server"}
    )
    assert usa.partners["JPN"].keys == (jpn.signer.public,)
    assert jpn.partners["USA"].keys == (usa.signer.public,)
    assert usa.partners["JPN"].leaf_public_nkey == jpn.nkey("leaf-USA").public
    assert usa.partners["JPN"].invited_unix_s == jpn.partners["USA"].invited_unix_s == NOW


def test_the_joiners_private_keys_are_in_no_letter(usa, tmp_path):
    invitation = invited(usa.folder, tmp_path / "invitation")
    request = joined(invitation, tmp_path / "jpn", tmp_path / "request")
    for path, home in ((invitation, usa), (request, homes.load_home(tmp_path / "jpn"))):
        data = base64.b64decode(b"".join(path.read_bytes().split(b"\n")[2:]))
        for raw in home.signer.private_bytes().values():
            assert raw not in data
            assert raw.hex().encode() not in data
            assert base64.b64encode(raw) not in data
        assert b"PRIVATE" not in data


# -- one byte


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """An invitation and an answer, with the home that they are of."""
    folder = tmp_path_factory.mktemp("written")
    now = time.time()
    founded(folder / "usa", now_unix_s=now)
    invitation = invited(folder / "usa", folder / "invitation", now=now)
    request = joined(invitation, folder / "jpn", folder / "request", now=now)
    return folder, invitation.read_bytes(), request.read_bytes(), now


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_byte_of_an_invitation_can_be_another(written, data):
    folder, invitation, _, now = written
    path = folder / "altered-invitation"
    path.write_bytes(altered(invitation, data))
    with pytest.raises(InputError):
        joining.read_invitation(path, now)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_byte_of_an_answer_can_be_another(written, data):
    folder, _, request, now = written
    path = folder / "altered-request"
    path.write_bytes(altered(request, data))
    with pytest.raises(InputError):
        joining.read_request(path, folder / "usa", now)


def altered(good, data):
    """The same with one byte changed."""
    place = data.draw(st.integers(0, len(good) - 1))
    flip = data.draw(st.integers(1, 255))
    return good[:place] + bytes([good[place] ^ flip]) + good[place + 1 :]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_letter_that_was_cut_or_grew_is_refused(written, data):
    folder, invitation, _, now = written
    path = folder / "cut"
    end = data.draw(st.integers(0, len(invitation) - 1))
    path.write_bytes(data.draw(st.sampled_from([invitation[:end], invitation + invitation[end:]])))
    with pytest.raises(InputError):
        joining.read_invitation(path, now)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_in_words(written, data):
    folder, *_, now = written
    path = folder / "any"
    for start in (b"", b"noroshi invitation 1 EXERCISE from USA to JPN\n"):
        path.write_bytes(start + data)
        with pytest.raises(InputError):
            joining.read_invitation(path, now)


def test_a_sum_made_anew_does_not_make_up_for_a_changed_body(written):
    """Who can compute a sum still lacks the key."""
    folder, invitation, _, now = written
    line, _, *rest = invitation.split(b"\n")
    inside = bytearray(base64.b64decode(b"".join(rest)))
    place = inside.index(b'"federation":"keen"') + len('"federation":"')
    inside[place] ^= 1
    path = folder / "forged"
    path.write_bytes(letters._rendered(line.decode(), bytes(inside)))
    with pytest.raises(InputError, match="signature"):
        joining.read_invitation(path, now)


def test_a_huge_file_is_not_read_to_its_end(tmp_path, written):
    path = tmp_path / "huge"
    path.write_bytes(written[1] + b"A" * 10_000_000)
    with pytest.raises(InputError):
        joining.read_invitation(path, written[3])


# -- refusals


def test_an_invitation_runs_out(usa, tmp_path):
    invitation = invited(usa.folder, tmp_path / "invitation", hours=1)
    with pytest.raises(InputError, match="ran out on 2026-05-28T21:26:40Z"):
        joining.join(invitation, tmp_path / "jpn", now_unix_s=NOW + HOUR_S + 1)
    assert not (tmp_path / "jpn").exists()


def test_an_answer_that_comes_too_late_is_refused(usa, tmp_path):
    invitation = invited(usa.folder, tmp_path / "invitation", hours=1)
    request = joined(invitation, tmp_path / "jpn", tmp_path / "request", NOW + HOUR_S - 1)
    with pytest.raises(InputError, match="ran out"):
        joining.accept(request, usa.folder, NOW + HOUR_S + 1)
    assert not homes.load_home(usa.folder).partners


def test_an_invitation_is_good_once(both, usa, tmp_path):
    with pytest.raises(InputError, match="was used already"):
        joining.accept(tmp_path / "request", usa.folder, NOW)
    again = joined(tmp_path / "invitation", tmp_path / "another-jpn", tmp_path / "again")
    with pytest.raises(InputError, match="was used already"):
        joining.accept(again, usa.folder, NOW)
    # Nor after its nation has left.
    rotation.forget(usa.folder, "JPN")
    with pytest.raises(InputError, match="was used already"):
        joining.accept(again, usa.folder, NOW)


def test_another_nation_cannot_answer(usa, tmp_path):
    invitation = invited(usa.folder, tmp_path / "invitation")
    with pytest.raises(InputError, match="is not KOR, who joins"):
        joining.join(invitation, tmp_path / "kor", nation="KOR", now_unix_s=NOW)
    kor = founded(tmp_path / "kor", "KOR")
    with pytest.raises(InputError, match="is not KOR, whose home"):
        joining.join(invitation, kor.folder, now_unix_s=NOW)


def test_an_answer_signed_by_another_nation_is_refused(usa, tmp_path):
    invitation = joining.read_invitation(invited(usa.folder, tmp_path / "invitation"), NOW)
    kor = founded(tmp_path / "kor", "KOR")
    body = answer_of(kor, invitation)
    path = tmp_path / "request"
    path.write_bytes(letters.write("request", "USA", body, kor.signer))
    with pytest.raises(InputError, match="was written for JPN"):
        joining.accept(path, usa.folder, NOW)


def answer_of(home, invitation, **other):
    """The body of an answer as `join` writes it."""
    return {
        "federation": home.federation,
        "exercise": home.exercise,
        "epoch_utc": home.epoch_utc,
        "positions": list(home.positions),
        "ca_pem": home.ca_path.read_text(),
        "leaf_public_nkey": home.nkey("leaf-USA").public,
        "nonce": invitation.body.nonce,
        "invitation_sha256": letters.sum_of(invitation.data),
        "written_unix_s": NOW,
        **other,
    }


@pytest.mark.parametrize(
    "field, value, said",
    [
        ("nonce", "0" * 32, "answers no invitation that was written here"),
        ("nonce", "../../keys/sign", "must fit"),
        ("invitation_sha256", "0" * 64, "other bytes than those of the invitation"),
        ("federation", "other", "must be 'keen'"),
        ("epoch_utc", "2025-01-01T00:00:00Z", "must be '2026-01-01T00:00:00Z'"),
        ("positions", ["JPN", "USA"], "All members of a federation share it"),
        ("exercise", False, "is marked LIVE, but was signed with a key for EXERCISE"),
        ("written_unix_s", NOW + 3_600, "3600 s from now: a clock is wrong"),
        ("written_unix_s", NOW - 3_600, "3600 s before its invitation: a clock is wrong"),
        ("ca_pem", "-----BEGIN CERTIFICATE-----\n", "is no certificate of a CA"),
        ("leaf_public_nkey", "U" + "A" * 55, "is no public NKey"),
        ("leaf_public_nkey", 'U" } ] }', "must fit"),
        ("command", "rm", "not a known key"),
    ],
)
def test_each_part_of_an_answer_is_checked_whoever_signed_it(usa, tmp_path, field, value, said):
    invitation = joining.read_invitation(invited(usa.folder, tmp_path / "invitation"), NOW)
    jpn = founded(tmp_path / "jpn", "JPN")
    path = tmp_path / "request"
    path.write_bytes(
        letters.write("request", "USA", answer_of(jpn, invitation, **{field: value}), jpn.signer)
    )
    with pytest.raises(InputError, match=said):
        joining.accept(path, usa.folder, NOW)
    assert not homes.load_home(usa.folder).partners


def test_an_answer_with_the_ca_of_another_nation_is_refused(usa, tmp_path):
    invitation = joining.read_invitation(invited(usa.folder, tmp_path / "invitation"), NOW)
    jpn = founded(tmp_path / "jpn", "JPN")
    body = answer_of(jpn, invitation, ca_pem=usa.ca_path.read_text())
    path = tmp_path / "request"
    path.write_bytes(letters.write("request", "USA", body, jpn.signer))
    with pytest.raises(InputError, match="must be JPN"):
        joining.accept(path, usa.folder, NOW)


def test_an_answer_for_another_member_is_refused(usa, tmp_path):
    kor = founded(tmp_path / "kor", "KOR")
    request = joined(invited(usa.folder, tmp_path / "invitation"), tmp_path / "jpn", tmp_path / "request")
    with pytest.raises(InputError, match="is not KOR, whose home"):
        joining.accept(request, kor.folder, NOW)


def test_exercise_and_live_do_not_mix(usa, tmp_path):
    jpn = founded(tmp_path / "jpn", "JPN", exercise=False)
    with pytest.raises(InputError, match="is for EXERCISE, but this home is LIVE"):
        joining.join(invited(usa.folder, tmp_path / "invitation"), jpn.folder, now_unix_s=NOW)


@pytest.mark.parametrize("ahead_s, said", [(3_600, "3600 s from now: a clock is wrong")])
def test_an_invitation_from_the_future_shows_a_wrong_clock(usa, tmp_path, ahead_s, said):
    invitation = invited(usa.folder, tmp_path / "invitation", now=NOW + ahead_s)
    with pytest.raises(InputError, match=said):
        joining.join(invitation, tmp_path / "jpn", now_unix_s=NOW)


def test_a_machine_whose_clock_is_far_behind_is_told_so(usa, tmp_path):
    invitation = invited(usa.folder, tmp_path / "invitation")
    with pytest.raises(InputError, match=r"counts in .* s only.*\n.*|Is this machine's clock right"):
        joining.join(invitation, tmp_path / "jpn", now_unix_s=NOW - 86_400)


@pytest.mark.parametrize(
    "nation, said", [("USA", "own nation"), ("jpn", "capital"), ("CHE", "does not hold")]
)
def test_who_cannot_be_a_partner_is_not_invited(usa, nation, said):
    with pytest.raises(InputError, match=said):
        joining.invite(usa.folder, nation, now_unix_s=NOW)


def test_a_partner_is_not_invited_again(both):
    with pytest.raises(InputError, match="is a partner already"):
        joining.invite(both[0].folder, "JPN", now_unix_s=NOW)


def test_letters_of_one_sort_are_not_taken_for_another(usa, tmp_path):
    invitation = invited(usa.folder, tmp_path / "invitation")
    with pytest.raises(InputError, match=r"must be an answer.*It is an invitation"):
        joining.accept(invitation, usa.folder, NOW)


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_a_letter_that_is_not_there_is_refused(usa, tmp_path, make):
    make(tmp_path / "letter")
    with pytest.raises(InputError, match=r"cannot be read|is a folder"):
        joining.accept(tmp_path / "letter", usa.folder, NOW)


def test_a_home_is_never_made_over_something(usa):
    before = {path: path.read_bytes() for path in usa.folder.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="is not empty"):
        founded(usa.folder, "JPN")
    assert before == {path: path.read_bytes() for path in usa.folder.rglob("*") if path.is_file()}


# -- a third nation over a hub


def test_the_hub_introduces_members_to_each_other(both, tmp_path):
    usa, jpn = both
    request = joined(invited(usa.folder, tmp_path / "k.inv", "KOR"), tmp_path / "kor", tmp_path / "k.req")
    joining.accept(request, usa.folder, NOW)
    kor = homes.load_home(tmp_path / "kor")
    assert kor.known["JPN"].keys == (jpn.signer.public,)
    assert kor.known["JPN"].vouched_by == "USA"
    notices = rotation.introduce(usa.folder, "KOR", NOW, is_new=True)
    notice = notices["JPN"]
    assert jpn.signer.public.fingerprint in rotation.take_notice(kor.folder, notices["KOR"], "", NOW).said
    said = rotation.take_notice(jpn.folder, notice, "notice", NOW).said
    assert kor.signer.public.fingerprint in said
    assert homes.load_home(jpn.folder).known["KOR"].keys == (kor.signer.public,)


@pytest.mark.parametrize("nation", ["JPN", "USA", "CHE"])
def test_nobody_introduces_us_to_ourselves_to_partners_or_to_strangers(both, nation):
    usa, jpn = both
    false = keys.generate(nation, True, NOW - 1, NOW + 1e6).public
    member = {"nation": nation, "keys": [false.to_dict()], "revoked": {}}
    body = {"notice": "introduce", "members": [member], "written_unix_s": NOW}
    letter = letters.write("notice", "JPN", body, usa.signer)
    try:
        rotation.take_notice(jpn.folder, letter, "notice", NOW)
    except InputError as refusal:
        assert nation == "CHE" and "of this federation" in str(refusal)
    assert false not in homes.load_home(jpn.folder).keyring.keys


# -- rotation, revocation, leaving


def test_a_new_key_counts_beside_the_old_one_and_then_alone(both):
    usa, jpn = both
    _, notices = rotation.rotate(usa.folder, after_s=100, overlap_s=1_000, now_unix_s=NOW)
    rotation.take_notice(jpn.folder, notices["JPN"], "notice", NOW + 10)
    old = usa.signer.public
    ring = homes.load_home(jpn.folder).keyring
    (new,) = (key for key in ring.keys if key.nation == "USA" and key.kid != old.kid)
    assert [identity.read_own(usa.keys_path, "USA", True, NOW + t).signer.public.kid for t in (99, 101)] == [
        old.kid,
        new.kid,
    ]
    assert ring.find(old.kid, NOW + 1_099).kid == old.kid
    assert ring.find(new.kid, NOW + 101).kid == new.kid
    for kid, at_s in ((old.kid, 1_101), (new.kid, 99)):
        with pytest.raises(Exception, match=r"ended|counts in"):
            ring.find(kid, NOW + at_s)


def test_two_rotations_are_not_under_way_at_once(usa):
    rotation.rotate(usa.folder, after_s=100, now_unix_s=NOW)
    with pytest.raises(InputError, match="follows in 100 s already"):
        rotation.rotate(usa.folder, after_s=100, now_unix_s=NOW)


def test_a_notice_counts_once_and_only_from_a_partner_to_us(both, tmp_path):
    usa, jpn = both
    _, notices = rotation.rotate(usa.folder, 0, now_unix_s=NOW)
    rotation.take_notice(jpn.folder, notices["JPN"], "notice", NOW)
    with pytest.raises(InputError, match="was taken already"):
        rotation.take_notice(jpn.folder, notices["JPN"], "notice", NOW)
    with pytest.raises(InputError, match="is not USA"):
        rotation.take_notice(usa.folder, letters.write("notice", "JPN", {}, jpn.signer), "notice", NOW)
    kor = founded(tmp_path / "kor", "KOR")
    stranger = letters.write("notice", "USA", {"notice": "leave", "written_unix_s": NOW}, kor.signer)
    with pytest.raises(InputError, match=r"no key .* is held"):
        rotation.take_notice(usa.folder, stranger, "notice", NOW)


def test_a_notice_from_before_is_not_taken_after_joining_anew(both):
    usa, jpn = both
    old = rotation.leave(jpn.folder, "USA", NOW - 100)["USA"]
    with pytest.raises(InputError, match="is from before JPN became a partner"):
        rotation.take_notice(usa.folder, old, "notice", NOW)


@pytest.mark.parametrize("body", [{}, {"notice": "rotate"}, {"notice": "revoke"}, {"notice": "leaf"},
                                  {"notice": "introduce"}, {"notice": "sudo"},
                                  {"notice": "rotate", "statement": {}, "former_until_unix_s": NOW},
                                  {"notice": "introduce", "members": [{"nation": []}]},
                                  {"notice": "leaf", "leaf_public_nkey": '" } }'}])  # fmt: skip
def test_a_partners_senseless_notice_is_refused_and_changes_nothing(both, body):
    usa, jpn = both
    before = homes.load_home(usa.folder).partners
    letter = letters.write("notice", "USA", {**body, "written_unix_s": NOW}, jpn.signer)
    with pytest.raises(InputError):
        rotation.take_notice(usa.folder, letter, "notice", NOW)
    assert homes.load_home(usa.folder).partners == before


def test_a_partner_cannot_rotate_the_key_of_another(both, tmp_path):
    usa, jpn = both
    kor = founded(tmp_path / "kor", "KOR")
    homes.write_partner(usa.folder, replace(usa.partners["JPN"], nation="KOR", keys=(kor.signer.public,)))
    _, notices = rotation.rotate(kor_with_usa(kor, usa), 0, now_unix_s=NOW)
    body = letters.opened(notices["USA"], "", ("notice",), NOW).body
    forged = letters.write("notice", "USA", {**body, "written_unix_s": NOW}, jpn.signer)
    with pytest.raises(InputError, match="no key"):
        rotation.take_notice(usa.folder, forged, "notice", NOW)


def kor_with_usa(kor, usa):
    """KOR's folder, with USA as a partner."""
    partner = homes.Partner("USA", "dials", usa.leaf_url, "", usa.ca_path.read_text(), (usa.signer.public,),
                            NOW, NOW, True)  # fmt: skip
    homes.write_partner(kor.folder, partner)
    return kor.folder


def test_a_revoked_key_counts_no_more_at_the_partner(both):
    usa, jpn = both
    _, notices = rotation.rotate(usa.folder, 0, now_unix_s=NOW)
    rotation.take_notice(jpn.folder, notices["JPN"], "notice", NOW)
    old = usa.signer.public.kid
    _, notices = rotation.revoke(usa.folder, old, "lost", NOW + 1)
    rotation.take_notice(jpn.folder, notices["JPN"], "notice", NOW + 2)
    with pytest.raises(Exception, match="was revoked"):
        homes.load_home(jpn.folder).keyring.find(old, NOW + 3)


def test_the_only_key_is_not_revoked_and_an_unknown_one_neither(both):
    usa, _ = both
    with pytest.raises(InputError, match="is the only key that may sign"):
        rotation.revoke(usa.folder, usa.signer.public.kid, "", NOW)
    with pytest.raises(InputError, match="is no key that is held here"):
        rotation.revoke(usa.folder, "0" * 16, "", NOW)


def test_a_partners_key_can_be_distrusted_here_alone(both):
    usa, jpn = both
    _, notices = rotation.revoke(usa.folder, jpn.signer.public.kid, "", NOW)
    assert notices == {}
    with pytest.raises(Exception, match="was revoked"):
        homes.load_home(usa.folder).keyring.find(jpn.signer.public.kid, NOW + 1)


def test_the_key_of_a_link_changes_when_the_partner_knows(both):
    usa, jpn = both
    before = jpn.nkey("leaf-USA").public
    _, notices = rotation.rotate_leaf(jpn.folder, "USA", NOW)
    assert jpn.nkey("leaf-USA").public == before
    rotation.take_notice(usa.folder, notices["USA"], "notice", NOW)
    rotation.switch_leaf(jpn.folder, "USA")
    after = jpn.nkey("leaf-USA").public
    assert after != before
    assert homes.load_home(usa.folder).partners["JPN"].leaf_public_nkey == after
    with pytest.raises(InputError, match="dials us"):
        rotation.rotate_leaf(usa.folder, "JPN", NOW)


def test_who_leaves_is_no_partner_any_more_on_both_sides(both):
    usa, jpn = both
    notice = rotation.leave(jpn.folder, "USA", NOW)["USA"]
    assert not rotation.forget(jpn.folder, "USA").partners
    assert rotation.take_notice(usa.folder, notice, "notice", NOW).said.startswith("JPN has left")
    assert not homes.load_home(usa.folder).partners
    assert jpn.ca_path.read_text() not in usa.ca_bundle_path.read_text()
    assert not (jpn.keys_path / "leaf-USA.nk").exists()
    with pytest.raises(InputError, match="is no partner"):
        rotation.leave(jpn.folder, "USA", NOW)


# -- exercises


def test_all_keys_of_an_exercise_are_marked_so_and_no_port_is_used_twice(tmp_path):
    nations = ["USA", "JPN", "KOR", "AUS", "GBR"]
    homes_ = federation.init_exercise(tmp_path, nations, federation.mesh(nations), EPOCH, {"JPN": "// none"})
    ports = []
    for nation, home in homes_.items():
        assert set(home.partners) == set(nations) - {nation}
        assert all(key.exercise for key in home.keyring.keys)
        assert json.loads((home.keys_path / "sign.json").read_text())["marking"] == "EXERCISE"
        assert (home.keys_path / "server.key").read_text().startswith("EXERCISE\n")
        identity.check_certificates(home.keys_path, nation, True)
        server = home.settings.server
        ports += [server.client_port, server.leaf_port, server.monitor_port, server.metrics_port]
    assert len(set(ports)) == len(ports)
    assert homes_["JPN"].policy_path.read_text() == "// none"
    roles = {(us, them): home.partners[them].role for us, home in homes_.items() for them in home.partners}
    assert all({roles[us, them], roles[them, us]} == {"accepts", "dials"} for us, them in roles)


@pytest.mark.parametrize("nations, links", [(["USA", "Japan"], []), (["USA"], [("USA", "JPN")])])
def test_an_exercise_of_unknown_nations_is_refused(tmp_path, nations, links):
    with pytest.raises(InputError, match="one of the exercise's nations"):
        federation.init_exercise(tmp_path, nations, links, EPOCH, {})
