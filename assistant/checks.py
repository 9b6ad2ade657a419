"""Is everything here sound? One finding for each thing an answer depends on.

Looks only: no model is exported, no record migrated or set aside, no folder made. A configured language
model, database server or OpenID provider is asked whether it answers.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from assistant import language, surroundings, tracing
from assistant.access import local_principal
from assistant.config import Settings
from assistant.errors import AssistantFault
from assistant.llm import LanguageModel
from assistant.prompting import load_prompt
from assistant.surroundings import Finding
from index import generations, remote
from index.build import is_stale
from index.embedding import Embedder, load_embedder, unsound_default
from index.errors import BadModel, IndexFault
from index.reranking import Reranker
from index.served import Served

__all__ = ["Finding", "check"]


def check(settings: Settings) -> Iterator[Finding]:
    """Look at all of it, in the order in which one thing needs another. Raises nothing."""
    looks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _words, _models, _builds, _answers, _records, _doors, surroundings.agreement, _machine,
        _language_model,
    )  # fmt: skip
    told: set[Finding] = set()
    for look in looks:
        for finding in _looked(look, settings):
            if finding not in told:  # what several need is told once
                told.add(finding)
                yield finding


def _looked(look: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from look(settings)
    except (AssistantFault, IndexFault) as fault:
        yield Finding(False, str(fault))
    except Exception as fault:  # one thing that nobody thought of hides no other
        where, what = look.__name__.strip("_"), f"{type(fault).__name__}: {fault}"
        yield Finding(False, f"{where}: cannot be looked at ({what}). Mend what it names.")


def _words(settings: Settings) -> Iterator[Finding]:
    for name in ("answer", "condense"):
        try:
            yield Finding(True, f"prompt {name}: sha256 {load_prompt(name).sha256[:12]}")
        except AssistantFault as error:
            yield Finding(False, str(error))
    for code in language.LANGUAGES:
        try:
            language.words(code)
        except (OSError, ValueError) as fault:
            told = f"language {code}: its words cannot be read ({fault}). Install the program again."
            yield Finding(False, told)


def _embedder(settings: Settings) -> Embedder:
    """The embedding model as it is; an export that is missing or damaged is not made here.

    Raises BadModel.
    """
    if wrong := unsound_default(settings.embedding_model, settings.models):
        raise BadModel(wrong)
    return load_embedder(settings.embedding_model, settings.models)


def _models(settings: Settings) -> Iterator[Finding]:
    yield Finding(True, f"embedding model: {_embedder(settings).model_id}")
    if settings.reranker:
        yield Finding(True, f"re-ranking model: {Reranker(settings.reranker).model_id}")


def _builds(settings: Settings) -> Iterator[Finding]:
    """The files of the build that is served, and of the one before, which a rollback would serve."""
    build = generations.current(settings.index)
    record = generations.record_of(build)
    wrong = generations.verify(build)
    for fault in wrong[:1]:
        yield Finding(False, f"{fault} Run `ct-assistant build` again; your documents are not touched.")
    if not wrong:
        told = f"index: build {build.name}, {record['passages']} passages, every file as recorded"
        yield Finding(True, told)
    yield from _vectors(build, record, settings)
    before = generations.previous(build)
    if before is None:
        yield Finding(True, "rollback: no earlier build is kept (none was made, or it held what is gone)")
    elif generations.is_sound(before):
        yield Finding(True, f"rollback: build {before.name} is kept, every file as recorded")
        yield from _vectors(before, generations.record_of(before), settings)
    else:
        told = f"rollback: the earlier build {before} is damaged. Delete it; the"
        yield Finding(False, f"{told} next `ct-assistant build` that finds something new keeps another.")
    outcomes = Counter(outcome["status"] for outcome in record.get("outcomes", ()))
    files = ", ".join(f"{count} {status}" for status, count in outcomes.most_common())
    more = "; `ct-assistant build` told why of each" if outcomes.total() > outcomes["indexed"] else ""
    yield Finding(True, f"files: {outcomes.total()} ({files}){more}")
    yield surroundings.versions(record)
    yield surroundings.clock(build.name)


def _vectors(build: Path, record: dict[str, Any], settings: Settings) -> Iterator[Finding]:
    """Whether a Chroma server holds what the build's record says."""
    counts = remote.counts_of(record)
    if counts is not None:
        wrong = remote.unfit(build, record, settings.store)
        told = f"{sum(counts)} of build {build.name} in {len(counts)} collections of {settings.store_url}"
        if not wrong and settings.store:
            told += f" (indexes that use it: {remote.indexes(settings.store)})"
        yield Finding(not wrong, f"vectors: {wrong[0] if wrong else told}")


def _answers(settings: Settings) -> Iterator[Finding]:
    """Whether what is served is found by searching, and is what the corpus holds."""
    embedder, groups = _embedder(settings), local_principal().groups
    served = Served(settings.index, embedder, settings.store)
    if served.fault:
        yield Finding(False, f"index: {served.fault}")
    with closing(served.index) as index:
        documents = index.documents(groups)
        hits = index.search(documents[0].title, 1, groups) if documents else []
    found = f"search: {len(documents)} documents for everybody"
    if documents and not hits:
        yield Finding(False, f"{found}, but none is found by its title. Run `ct-assistant build` again.")
    else:
        yield Finding(True, found)
    readers = settings.default_readers
    if is_stale(
        settings.corpus, settings.index, embedder, readers, ocr=settings.ocr, server=settings.store
    ):
        yield Finding(False, f"{settings.corpus}: changed since the build. Run `ct-assistant build`.")
    else:
        yield Finding(True, f"corpus: {settings.corpus} is what the build was made from")


def _records(settings: Settings) -> Iterator[Finding]:
    """The records database as it is: not made, not migrated and not set aside where it is damaged."""
    from assistant.records.health import look_at

    try:
        for sound, text in look_at(settings.records_url.get_secret_value()):
            yield Finding(sound, f"records: {text}")
    except AssistantFault as error:
        yield Finding(False, str(error))


def _doors(settings: Settings) -> Iterator[Finding]:
    """Who is let in, and who may look on."""
    yield (signing := _sign_on(settings))
    if settings.sign_on == "oidc" and signing.sound:
        yield _provider(settings)
    if settings.metrics:
        from assistant.web.metrics import address, is_loopback

        host, _ = address(settings.metrics)
        open_ = "" if is_loopback(host) else " (whoever reaches this address reads them: let only Prometheus)"
        yield Finding(True, f"metrics: {settings.metrics}{open_}")
    if tracing.configured(os.environ):
        tracing.Tracing().close()
        yield Finding(True, "traces: sent to the endpoint of OTEL_EXPORTER_OTLP_ENDPOINT")


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


def _provider(settings: Settings) -> Finding:
    """Whether the OpenID provider tells its addresses."""
    from assistant.web.oidc import Oidc
    from assistant.web.provider import Begun

    try:
        asyncio.run(Oidc(settings).provider.address(Begun("check", "check", "check", "/")))
    except AssistantFault as error:
        return Finding(False, str(error))
    return Finding(True, f"OpenID provider: {settings.oidc_issuer} tells its addresses")


def _machine(settings: Settings) -> Iterator[Finding]:
    yield surroundings.folder("index folder", settings.index, "ASSISTANT_INDEX")
    yield _audit(settings.audit)
    try:
        build: Path | None = generations.current(settings.index)
    except IndexFault:
        build = None  # told before
    yield from surroundings.room(settings, build)
    yield surroundings.limits(settings)


def _audit(path: Path) -> Finding:
    return surroundings.folder("audit", path, "ASSISTANT_AUDIT")


def _language_model(settings: Settings) -> Iterator[Finding]:
    if settings.llm:
        model = LanguageModel(settings)
        begun = time.monotonic()
        model.complete([("user", "Reply with the word ready.")])
        yield Finding(True, f"language model: {settings.llm} answers, in {time.monotonic() - begun:.1f} s")
