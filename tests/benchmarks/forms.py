"""The exported forms of the default embedding model beside one another: speed, truth, ranking.

    python tests/benchmarks/forms.py INDEX [squad2|mtrag_un:DIR …]

INDEX is the folder of an index whose passages are embedded; DIR is what `convert_public.py` wrote.
The rate is of texts one by one over all cores, the forms taking turns; the floor is what the
multiplications alone would take at the rate that this machine multiplies large matrices with.
Prints tables in Markdown; the exports and indexes are kept in `var/bench/forms`.
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
from public_retrieval import asked, rank_of
from ranking import differences, table

from index import embedding, generations
from index.build import build
from index.catalogue import Catalogue
from index.embedding import FORMS, Embedder
from index.export import export
from index.search import Index

FOLDER = Path("var/bench/forms")
FUSED = f"{FORMS[0]}-fused"  # the same file, run with every fusion
TEXTS, ROUNDS = 240, 5
LAYERS, WIDTH, INNER = 6, 384, 1536  # of all-MiniLM-L6-v2
SIDE = 2048


def embedders() -> dict[str, Embedder]:
    made: dict[str, Embedder] = {}
    for form in reversed(FORMS):
        folder = FOLDER / form
        if not embedding._is_whole(folder):
            export(embedding._packaged_model(), folder, (form,))
        made[form] = embedding._OnnxEmbedder(folder)
    made[FUSED] = embedding._OnnxEmbedder(FOLDER / FORMS[0], left_out=())
    return made


def passages(index: Path) -> list[str]:
    build_folder = generations.current(index)
    shelves = range(len(generations.record_of(build_folder)["shelves"]))
    with closing(Catalogue(build_folder / "catalogue.sqlite")) as catalogue:
        documents = sorted(document.id for document in catalogue.documents(shelves))
        ids = random.Random(1).sample(catalogue.passage_ids(documents, shelves), TEXTS)
        return [passage.text for passage in catalogue.passages(ids, shelves).values()]


def operations(tokens: int) -> float:
    """Multiplications and additions for one text of so many tokens."""
    weights = LAYERS * (4 * WIDTH * WIDTH + 2 * WIDTH * INNER)
    return 2.0 * tokens * weights + 4.0 * LAYERS * WIDTH * tokens * tokens


def multiplying(form: str) -> Callable[[], None]:
    """One multiplication of two large matrices, by the engine that embeds, on all cores."""
    import onnx
    import onnxruntime

    if form != "fp32":
        node, of = "MatMulInteger", onnx.TensorProto.UINT8
        left, right = np.ones((SIDE, SIDE), np.uint8), np.ones((SIDE, SIDE), np.int8)
        made = onnx.TensorProto.INT32
    else:
        node, of = "MatMul", onnx.TensorProto.FLOAT
        left = right = np.ones((SIDE, SIDE), np.float32)
        made = of
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(node, ["a", "b"], ["c"])],
        "product",
        [onnx.helper.make_tensor_value_info("a", of, [SIDE, SIDE])],
        [onnx.helper.make_tensor_value_info("c", made, [SIDE, SIDE])],
        [onnx.numpy_helper.from_array(right, "b")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return lambda: session.run(None, {"a": left})


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def speed(made: dict[str, Embedder], texts: list[str]) -> str:
    tokens = [min(256, made["fp32"].count_tokens(text)) for text in texts]
    work = sum(map(operations, tokens))
    took: dict[str, list[float]] = {form: [] for form in made}
    ceiling = {form: 0.0 for form in made}
    vectors = {form: embedder.embed(texts) for form, embedder in made.items()}  # also warms them
    products = {form: multiplying(form) for form in made}
    for _ in range(ROUNDS):
        for form, embedder in made.items():
            took[form].append(seconds(partial(embedder.embed, texts)))
            ceiling[form] = max(ceiling[form], 2.0 * SIDE**3 / seconds(products[form]))
    rows = [
        "| form | file, MB | texts/s, least to most | ratio | cosine, mean, least | GOP/s | floor, texts/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for form in made:
        file = form.removesuffix("-fused")
        rates = sorted(len(texts) / each for each in took[form])
        ratios = sorted(a / b for a, b in zip(took["fp32"], took[form], strict=True))
        cosines = (vectors[form] * vectors["fp32"]).sum(axis=1)
        rows.append(
            f"| {form} | {(FOLDER / file / 'model.onnx').stat().st_size / 1e6:.0f} "
            f"| {statistics.median(rates):.0f} ({rates[0]:.0f} to {rates[-1]:.0f}) "
            f"| {statistics.median(ratios):.2f} [{ratios[0]:.2f}, {ratios[-1]:.2f}] "
            f"| {cosines.mean():.4f}, {cosines.min():.4f} "
            f"| {work * statistics.median(rates) / len(texts) / 1e9:.0f} of {ceiling[form] / 1e9:.0f} "
            f"| {len(texts) * ceiling[form] / work:.0f} |"
        )
    return f"{len(texts)} passages, {np.mean(tokens):.0f} tokens each\n\n" + "\n".join(rows)


def ranking(made: dict[str, Embedder], name: str, folder: Path) -> str:
    ranks: dict[str, list[int]] = {}
    questions = asked(folder)
    for form, embedder in made.items():
        build(folder / "corpus", FOLDER / f"{name}-{form}", embedder)
        index = Index(generations.current(FOLDER / f"{name}-{form}"), embedder)
        ranks[form] = [rank_of(index, question, [question.question]) for question in questions]
        index.close()
    return f"{name}: {len(questions)} questions\n\n{table(ranks)}\n\n{differences(ranks, FORMS[0])}"


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(str(__doc__))
    made = embedders()
    print(speed(made, passages(Path(sys.argv[1]))), flush=True)
    for each in sys.argv[2:]:
        name, _, folder = each.partition(":")
        print(f"\n{ranking(made, name, Path(folder))}", flush=True)


if __name__ == "__main__":
    main()
