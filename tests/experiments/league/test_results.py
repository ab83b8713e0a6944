"""What was played: the digests by which two machines are told apart."""

from experiments.league.results import digests
from experiments.reproducibility.table_comparison import FIGURES
from numdiff.study.values import unlike
from tests.experiments.league.fabricated import cases, measured, player


def test_what_a_library_answers_is_told_apart_by_itself():
    found = cases(("league",), problems=2)
    peer = player(found, "library", "peer", 0.01, 5.0)
    rule = player(found, "rule", "rule", 0.01, 5.0)
    before = digests(measured(found, peer, rule))
    assert before["subject"].tolist() == [f"{FIGURES}library"]
    for column, other in (("message", "another word"), ("status", "raised"), ("value", 7.0), ("evaluations", 11)):
        changed = peer.assign(**{column: [other, *peer[column].iloc[1:]]})
        assert unlike(before, digests(measured(found, changed, rule))) == [(f"{FIGURES}library", "float64")], column
    assert not unlike(before, digests(measured(found, peer, rule.assign(message="another word"))))
