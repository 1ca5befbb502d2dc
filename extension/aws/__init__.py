"""Calls to AWS: which host, which credentials, signing, transport and retries."""
