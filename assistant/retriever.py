"""For LangChain users: the index as a retriever, the assistant as a Runnable."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from pydantic import ConfigDict

from assistant.assistant import Assistant
from assistant.types import Answer, Principal, Question, Turn


class PassageRetriever(BaseRetriever):
    """The passages that `principal` may read, as LangChain documents.

    Metadata: passage_id, document_id, path, title, date, pages, score, similarity.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    assistant: Assistant
    principal: Principal
    k: int = 8

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        index = self.assistant.index
        found = []
        for hit in index.search(query, self.k, self.principal.groups):
            passage = hit.passage
            document = index.document(passage.document_id, self.principal.groups)
            if document is not None:
                metadata = {
                    "passage_id": passage.id,
                    "document_id": document.id,
                    "path": document.path,
                    "title": document.title,
                    "date": document.date,
                    "pages": passage.pages,
                    "score": hit.score,
                    "similarity": hit.similarity,
                }
                found.append(LangChainDocument(page_content=passage.text, metadata=metadata))
        return found


def as_runnable(assistant: Assistant, principal: Principal) -> RunnableLambda[Any, Answer]:
    """The whole path of a question as one link of a chain.

    Takes a string, or a dict with `question` and optionally `history`, a list of
    (role, text) pairs; gives the Answer.
    """

    def answer(given: str | dict[str, Any]) -> Answer:
        if isinstance(given, str):
            return assistant.ask(Question(given, principal))
        history = tuple(Turn(role, text) for role, text in given.get("history", ()))
        return assistant.ask(Question(given["question"], principal, history))

    return RunnableLambda(answer)
