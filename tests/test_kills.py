"""The short form of the proof that a build may be killed at any moment."""

from proofs.kills import prove


def test_a_killed_build_is_gone_on_with_and_leaves_nothing() -> None:
    proof = prove(short=True)
    assert proof.broken == ()
    assert proof.held == proof.tried == 6
