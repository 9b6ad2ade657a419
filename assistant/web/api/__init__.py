"""The doors for programs: questions and papers as JSON, and the protocol of chat clients of OpenAI's."""
