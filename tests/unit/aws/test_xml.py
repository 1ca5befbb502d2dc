"""XML as a flat list of leaves; hostile documents are refused, never expanded."""

import pytest

from extension.aws import xml

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<lolz>&c;</lolz>"""


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"<a/>", [("a", "")]),
        (b"<a>x</a>", [("a", "x")]),
        (b"<a><b>1</b><c>2</c></a>", [("b", "1"), ("c", "2")]),
        (b"<a><b>1</b><b>2</b></a>", [("b", "1"), ("b", "2")]),
        (b"<a>before<b>1</b>after</a>", [("b", "1")]),
        (b"<a><a>1</a></a>", [("a", "1")]),
        (b"<a><a/></a>", [("a", "")]),
        (b"<a><b><c>1</c></b></a>", [("c", "1")]),
        (b"<a><b><c/></b><d>2</d></a>", [("c", ""), ("d", "2")]),
        (b"<a>1 &lt; 2 &amp; &#51; &quot;x&quot;</a>", [("a", '1 < 2 & 3 "x"')]),
        (b"<a><![CDATA[<b>&amp;</b>]]></a>", [("a", "<b>&amp;</b>")]),
        (b"<a>one<!-- comment -->two</a>", [("a", "onetwo")]),
        (b"<a>\n  x\n</a>", [("a", "\n  x\n")]),
        (b"<?xml version='1.0' encoding='UTF-8'?>\n<a>\xc3\xa4</a>\n", [("a", "\xe4")]),
        (b"\xef\xbb\xbf<a>x</a>", [("a", "x")]),
        (b"<s:a xmlns:s='urn:x'><s:b>1</s:b></s:a>", [("b", "1")]),
        (b"<a x='1'><b y='2'>3</b></a>", [("b", "3")]),
        (b"<a>" + b"x" * 200_000 + b"</a>", [("a", "x" * 200_000)]),
        (b"<a>" * 5000 + b"x" + b"</a>" * 5000, [("a", "x")]),
    ],
    ids=lambda value: ascii(value[:40]) if isinstance(value, bytes) else "",
)
def test_the_elements_without_children_are_given_in_their_order(document, expected):
    assert expected == xml.leaves(document)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b" ",
        b"x",
        b"{}",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>&undefined;</a>",
        b"<a>\xff</a>",
        b"<a>\x00</a>",
        b"<a b=c/>",
        b"<a>" * 100_000,
        BOMB,
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<?xml version="1.0" encoding="no-such-thing"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="idna"?><a/>',
    ],
    ids=lambda document: ascii(document[:40]),
)
def test_what_is_not_plain_xml_is_a_value_error(document):
    with pytest.raises(ValueError):  # noqa: PT011
        xml.leaves(document)


def test_a_document_that_is_refused_leaves_nothing_behind():
    with pytest.raises(ValueError):  # noqa: PT011
        xml.leaves(b"<a><b>half")

    assert [("c", "whole")] == xml.leaves(b"<c>whole</c>")
