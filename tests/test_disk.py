"""The short form of the proof that a build that cannot write says so and goes on later."""

from proofs.disk import prove


def test_a_build_without_room_says_so_and_is_gone_on_with() -> None:
    proof = prove(short=True)
    assert proof.broken == ()
    assert proof.held == proof.tried == 6
