"""Signatures of versions, as of OpenSSF Model Signing."""
