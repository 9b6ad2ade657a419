from pathlib import Path

import pytest
from langchain_core.runnables import RunnableLambda

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.retriever import PassageRetriever, as_runnable
from index.embedding import Embedder


@pytest.fixture(scope="module")
def assistant(small_index: Path, embedder: Embedder) -> Assistant:
    return Assistant(Settings(index=small_index), embedder)


def test_the_index_is_a_retriever_for_langchain(assistant: Assistant) -> None:
    retriever = PassageRetriever(assistant=assistant, principal=local_principal(), k=2)
    found = retriever.invoke("Who pays for the Harbour Programme?")
    assert "Norway" in found[0].page_content and len(found) == 2
    assert found[0].metadata["path"] == "harbour.md" and found[0].metadata["pages"] == (1, 1)
    assert all("cormorant" not in document.page_content for document in retriever.invoke("cormorant reserve"))


def test_the_assistant_is_a_link_of_a_chain(assistant: Assistant) -> None:
    chain = as_runnable(assistant, local_principal()) | RunnableLambda(
        lambda answer: answer.citations[0].path
    )
    assert chain.invoke("Who pays for the Harbour Programme?") == "harbour.md"
    history = [("user", "When was the aviation workshop in Skopje?"), ("assistant", "In May 2019.")]
    assert chain.invoke({"question": "And who opened it?", "history": history}) == "aviation.txt"
