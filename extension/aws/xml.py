"""What S3 and STS say in XML, as a flat list of leaf elements."""

from __future__ import annotations


def leaves(document: bytes) -> list[tuple[str, str]]:
    """(name, text) of every element without children, in document order; ``ValueError`` where it is not XML.

    A document type declaration is refused: AWS sends none, and entities are how XML explodes.
    """
    import pyexpat  # no AWS call needs XML until something is listed or refused

    found: list[tuple[str, str]] = []
    texts: list[str] = []
    leaf = ""

    def start(name: str, _attributes: object) -> None:
        nonlocal leaf
        leaf = name
        texts.clear()

    def end(name: str) -> None:
        nonlocal leaf
        if leaf == name:
            found.append((name.rpartition(":")[2], "".join(texts)))
        leaf = ""
        texts.clear()

    def doctype(*_: object) -> None:
        raise ValueError("a document type declaration")

    parser = pyexpat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(document, True)
    except (pyexpat.ExpatError, LookupError) as error:  # LookupError: an encoding that there is not
        raise ValueError(f"not XML: {error}") from None
    return found
