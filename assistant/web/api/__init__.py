"""The doors for programs: questions and papers as JSON, and the protocol of OpenAI's chat clients"""
