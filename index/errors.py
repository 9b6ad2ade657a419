"""Errors of the index. Each says what, where and what to do, to whoever runs it."""

from index.types import OutcomeStatus


class IndexFault(Exception):
    """Base of what a user or operator can mend. The command line prints it and exits 2."""


class BadCorpus(IndexFault):
    """The corpus folder or its manifest cannot be used as it stands."""


class BadIndex(IndexFault):
    """The index folder is missing, damaged, or made with another model."""


class StoreFault(BadIndex):
    """The server that holds the vectors did not do what was asked of it."""


class StoreAway(StoreFault):
    """The server that holds the vectors does not answer now; it may later."""


class BadModel(IndexFault):
    """The embedding model cannot be loaded, or its weights are not the pinned ones."""


class BadOcr(IndexFault):
    """Scans are to be read in a language that cannot be read here."""


class BadEngine(IndexFault):
    """The cluster that reads and embeds for a build is not there, or has failed."""


class UnreadableDocument(IndexFault):
    """One file gave no usable text; the others are not affected.

    `status` is the outcome told in the build's report.
    """

    def __init__(self, status: OutcomeStatus, reason: str, action: str) -> None:
        super().__init__(f"{reason} {action}")
        self.status = status
        self.reason = reason
        self.action = action
