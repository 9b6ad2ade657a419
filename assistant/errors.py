"""Errors of the assistant. Each says what, where and what to do; `for_staff` is the sentence
fit for people who only ask questions."""


class AssistantFault(Exception):
    """Base of what a user or operator can mend. The command line prints it and exits 2."""

    for_staff = (
        "Something went wrong while answering. Please try again, or tell the people who run this service."
    )


class BadSetting(AssistantFault):
    """An ASSISTANT_ name or value that cannot be used."""


class BadQuestion(AssistantFault):
    """A question that cannot be searched for; the sentence may be shown as it is."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.for_staff = sentence


class BadInput(AssistantFault):
    """A file or option given on the command line that cannot be used."""


class ModelUnavailable(AssistantFault):
    """The language model could not be reached or did not answer properly.

    `reason` is one word for why; `retry_after_s` the wait that its server asked for.
    """

    for_staff = "The language model does not answer right now. Please try again in a moment."

    def __init__(self, sentence: str, reason: str = "failed", retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.retry_after_s = retry_after_s


class RecordsUnavailable(AssistantFault):
    """The records database cannot be read or written. Questions are still answered."""

    for_staff = (
        "Conversations and marks cannot be saved or opened right now; questions are still answered. "
        "Please tell the people who run this service."
    )


class NoSuchConversation(AssistantFault):
    """A conversation that this person does not have, or has no longer."""

    for_staff = "This conversation is not here any more. It may have been deleted in another window."


class PortInUse(AssistantFault):
    """The chosen address is taken by another program."""


class NotSignedOn(AssistantFault):
    """A request that no way in has proved to come from somebody."""

    for_staff = "You are not signed on, or not any more. Please open the page anew."


class TooManyQuestions(AssistantFault):
    """More questions at once, or in a minute, than one person or this server can have.

    `retry_after_s` is how long to wait, in whole seconds.
    """

    def __init__(self, sentence: str, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.for_staff = sentence
        self.retry_after_s = retry_after_s
