"""Several processes over one build."""

from proofs.workers import prove


def test_a_build_that_is_published_reaches_all_workers() -> None:
    proof = prove(short=True)
    assert proof.held == proof.tried, proof.broken
