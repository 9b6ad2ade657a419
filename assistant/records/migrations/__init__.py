"""The steps from one form of the records to the next, in order; each is written once and never changed."""
