"""Is everything here sound? One finding for each thing an answer depends on."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.access import local_principal
from assistant.config import Settings
from assistant.errors import AssistantFault
from assistant.llm import LanguageModel
from assistant.prompting import load_prompt
from index.build import is_stale
from index.embedding import load_embedder
from index.errors import IndexFault
from index.reranking import Reranker
from index.served import Served


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `text` says what it is and, where it is not sound, what to do."""

    sound: bool
    text: str


def check(settings: Settings) -> Iterator[Finding]:
    """Look at prompts, embedding model, index, corpus, records, sign-on, audit and language model."""
    for name in ("answer", "condense"):
        try:
            yield Finding(True, f"prompt {name}: sha256 {load_prompt(name).sha256[:12]}")
        except AssistantFault as error:
            yield Finding(False, str(error))
    try:
        embedder = load_embedder(settings.embedding_model, settings.models)
        yield Finding(True, f"embedding model: {embedder.model_id}")
        if settings.reranker:
            yield Finding(True, f"re-ranking model: {Reranker(settings.reranker).model_id}")
        served = Served(settings.index, embedder)
        index = served.index
        told = f"build {index.build_id}, {index.passage_count} passages, every file as recorded"
        yield Finding(not served.fault, f"index: {served.fault or told}")
        documents = index.documents(local_principal().groups)
        hits = index.search(documents[0].title, 1, local_principal().groups) if documents else []
        found = f"{len(documents)} documents for everybody"
        if documents and not hits:
            yield Finding(
                False, f"search: {found}, but none is found by its title. Run `ct-assistant build` again."
            )
        else:
            yield Finding(True, f"search: {found}")
        index.close()
        readers = settings.default_readers
        if is_stale(settings.corpus, settings.index, embedder, readers, ocr=settings.ocr):
            yield Finding(False, f"{settings.corpus}: changed since the build. Run `ct-assistant build`.")
        else:
            yield Finding(True, f"corpus: {settings.corpus} is what the build was made from")
    except IndexFault as error:
        yield Finding(False, str(error))
    yield from _records(settings)
    yield _sign_on(settings)
    yield _audit(settings.audit)
    if settings.llm:
        try:
            LanguageModel(settings).complete([("user", "Reply with the word ready.")])
            yield Finding(True, f"language model: {settings.llm} answers")
        except AssistantFault as error:
            yield Finding(False, str(error))


def _records(settings: Settings) -> Iterator[Finding]:
    """The records database is opened, and brought to today's form, but not made where there is none."""
    from assistant.records.health import look_at

    try:
        for sound, text in look_at(settings.records_url.get_secret_value()):
            yield Finding(sound, f"records: {text}")
    except AssistantFault as error:
        yield Finding(False, str(error))


def _sign_on(settings: Settings) -> Finding:
    """What would keep a server from starting, or be told only once somebody asks."""
    from assistant.web.sign_on import loopback_only, origins, trusted_proxy

    try:
        loopback_only(settings)
        origins(settings)
        if settings.sign_on == "proxy":
            trusted_proxy(settings)
        elif settings.sign_on == "oidc":
            from assistant.web.oidc import Oidc

            Oidc(settings)
    except AssistantFault as error:
        return Finding(False, str(error))
    return Finding(True, f"sign-on: {settings.sign_on}, served on {settings.host}")


def _audit(folder: Path) -> Finding:
    """The folder is not made here; whether it could be is what counts."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding(True, f"audit: {folder}")
    return Finding(
        False,
        f"audit: {folder} cannot be written. Give this user the folder, or name another in ASSISTANT_AUDIT.",
    )
