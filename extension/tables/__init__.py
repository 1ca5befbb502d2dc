"""Look-up tables out of S3 objects: one row by its key, from bytes that are mapped, not parsed.

Loaded only where a list has ``table=``. Behind this door: what a row is in each format (delimited.py, documents.py,
sqlite.py), where it lies (index.py), the files (files.py), how a new version is made (making.py) and which one answers
(registry.py).
"""
