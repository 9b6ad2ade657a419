"""Many questions to one process; the long form of the same, with its figures, is `make prove PROOFS=soak`."""

from pathlib import Path

from proofs.soak import prove


def test_a_process_keeps_its_size_its_files_and_its_threads(small_index: Path) -> None:
    proof = prove(short=True, index=small_index)
    assert proof.broken == ()
