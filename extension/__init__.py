"""Preheat: an external Lambda extension that prefetches and serves secrets, parameters and S3 objects."""

__version__ = "0.1.0"
