"""The long proofs of docs/reliability.md: `make prove`, or one of them by `make prove PROOFS=kills`."""
