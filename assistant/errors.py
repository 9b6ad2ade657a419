"""Errors of the assistant. Each says what, where and what to do; `for_staff` is the sentence
fit for people who only ask questions, in the language that is spoken when it is shown."""

from assistant import sayings
from index.errors import IndexFault


class AssistantFault(Exception):
    """Base of what a user or operator can mend. The command line prints it and exits 2."""

    @property
    def for_staff(self) -> str:
        return sayings.WENT_WRONG


class BadSetting(AssistantFault):
    """An ASSISTANT_ name or value that cannot be used."""


class BadQuestion(AssistantFault):
    """A question that cannot be searched for; the sentence, in the language of the asker, may be shown."""

    @property
    def for_staff(self) -> str:
        return str(self)


class BadCall(AssistantFault):
    """A tool that another program called wrongly, or for what is not there; the sentence may be shown."""

    @property
    def for_staff(self) -> str:
        return str(self)


class BadInput(AssistantFault):
    """A file or option given on the command line that cannot be used."""


class ModelUnavailable(AssistantFault):
    """The language model could not be reached or did not answer properly.

    `reason` is one word for why; `retry_after_s` the wait that its server asked for.
    """

    def __init__(self, sentence: str, reason: str = "failed", retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.retry_after_s = retry_after_s

    @property
    def for_staff(self) -> str:
        return sayings.MODEL_AWAY


class RecordsUnavailable(AssistantFault):
    """The records database cannot be read or written. Questions are still answered."""

    @property
    def for_staff(self) -> str:
        return sayings.RECORDS_AWAY


class NoSuchConversation(AssistantFault):
    """A conversation that this person does not have, or has no longer."""

    @property
    def for_staff(self) -> str:
        return sayings.CONVERSATION_GONE


class PortInUse(AssistantFault):
    """The chosen address is taken by another program."""


class NotSignedOn(AssistantFault):
    """A request that no way in has proved to come from somebody."""

    @property
    def for_staff(self) -> str:
        return sayings.NOT_SIGNED_ON


class SignOnAway(AssistantFault):
    """The service that signs people on cannot be asked, so nobody is let in."""

    @property
    def for_staff(self) -> str:
        return sayings.SIGN_ON_AWAY


class TooManyQuestions(AssistantFault):
    """More questions at once, or in a minute, than one person or this server can have.

    `retry_after_s` is how long to wait, in whole seconds; `reason` is one word for which bound it was:
    `minute`, `person` or `queue`. The sentence is in the asker's language.
    """

    def __init__(self, sentence: str, retry_after_s: int, reason: str = "queue") -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s
        self.reason = reason

    @property
    def for_staff(self) -> str:
        return str(self)


def for_staff(fault: AssistantFault | IndexFault) -> str:
    """The sentence of a fault that people who only ask questions may see, in the language of the moment."""
    return fault.for_staff if isinstance(fault, AssistantFault) else sayings.INDEX_AWAY
