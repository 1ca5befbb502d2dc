"""Objects: one call each, conditional where a copy is held; wildcards: listed page after page, then fetched."""

from xml.sax.saxutils import escape

import pytest

from extension.aws import outcome
from extension.aws.call import Budget
from extension.errors import SourceError
from extension.percent import encode
from extension.references import s3_prefix, s3_resource
from extension.sources.listing import listing_resource
from extension.sources.object import NotModified, Object
from tests.unit.doubles import double
from tests.unit.sources.scripted import THROTTLED, ScriptedClient, plan_and_run, s3_source

MISSING_KEY = outcome.failure(outcome.NOT_FOUND, "NoSuchKey", "The specified key does not exist.")
HEADERS = {
    "etag": '"0cc175b9c0f1b6a831c399e269772661"',
    "content-type": "text/csv",
    "x-amz-version-id": "v1",
    "last-modified": "Mon, 23 Nov 2026 14:38:00 GMT",
}


class Bench:
    """A source of objects with what is held, and where."""

    def __init__(self, script, held=None, most_bytes=1000, **options):
        self.client = ScriptedClient(script)
        self.held = held or {}
        self.source = s3_source(double(self.client), self.held.get, most_bytes, **options)

    def fetch(self, *resources):
        return plan_and_run(self.source, resources, self.client.clock)[0]

    @property
    def asked(self):
        return [(asked.call.host, asked.call.path, asked.call.query) for asked in self.client.asked]


def answer(body=b"a,b\n", **headers):
    return 200, {**HEADERS, **headers}, body


def held_object(etag="abc", body=b"old"):
    return Object("bucket/key", {"etag": f'"{etag}"'}, body)


def test_each_object_is_one_call_to_its_bucket():
    bench = Bench(lambda asked: answer())
    resources = [
        s3_resource("bucket", "a/b.csv"),
        s3_resource("bucket", "c"),
        s3_resource("other", "c", region="eu-west-1"),
    ]

    outcomes = bench.fetch(*resources)

    assert set(resources) == set(outcomes)
    assert [
        ("bucket.s3.us-east-1.amazonaws.com", "/a/b.csv", ""),
        ("bucket.s3.us-east-1.amazonaws.com", "/c", ""),
        ("other.s3.eu-west-1.amazonaws.com", "/c", ""),
    ] == bench.asked
    assert {"GET"} == {asked.call.method for asked in bench.client.asked}


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a b", "/a%20b"),
        ("a+b", "/a%2Bb"),
        ("../a//b/", "/../a//b/"),
        ("/a", "//a"),
        ("ä?#%", "/%C3%A4%3F%23%25"),
        ("a=b&c", "/a%3Db%26c"),
    ],
)
def test_a_key_goes_onto_the_wire_byte_by_byte(key, path):
    bench = Bench(lambda asked: answer())
    bench.fetch(s3_resource("bucket", key))

    assert [path] == [asked.call.path for asked in bench.client.asked]


def test_a_version_is_asked_for_by_its_id_and_the_role_goes_along():
    role = "arn:aws:iam::123456789012:role/reader"
    bench = Bench(lambda asked: answer())
    bench.fetch(s3_resource("bucket", "key", version="a+b/c=", role=role))

    assert ["versionId=a%2Bb%2Fc%3D"] == [asked.call.query for asked in bench.client.asked]
    assert [role] == [asked.call.role for asked in bench.client.asked]


def test_an_object_is_what_the_answer_says():
    (found,) = Bench(lambda asked: answer()).fetch(s3_resource("bucket", "key")).values()

    assert ("bucket/key", b"a,b\n", "text/csv") == (found.name, found.body, found.content_type)
    assert ("0cc175b9c0f1b6a831c399e269772661", "v1", HEADERS["last-modified"]) == (
        found.etag,
        found.version,
        found.modified,
    )
    assert len(b"a,b\n" + b"bucket/key") == found.size


def test_an_object_without_a_type_has_the_one_that_s3_gives():
    (found,) = Bench(lambda asked: (200, {}, b"")).fetch(s3_resource("bucket", "key")).values()

    assert (b"", "binary/octet-stream", "", "") == (found.body, found.content_type, found.etag, found.version)


def test_without_a_copy_nothing_is_conditional():
    bench = Bench(lambda asked: answer())
    bench.fetch(s3_resource("bucket", "key"))

    assert "If-None-Match" not in bench.client.asked[0].headers


def test_a_copy_that_is_held_makes_the_call_conditional_and_304_keeps_it():
    resource, held = s3_resource("bucket", "key"), held_object()
    bench = Bench(lambda asked: (304, {"etag": '"abc"'}, b""), {resource: held})

    (result,) = bench.fetch(resource).values()

    assert '"abc"' == bench.client.asked[0].headers["If-None-Match"]
    assert isinstance(result, NotModified)
    assert result.held is held


def test_a_copy_that_has_changed_is_replaced():
    resource = s3_resource("bucket", "key")
    (result,) = Bench(lambda asked: answer(b"new"), {resource: held_object()}).fetch(resource).values()

    assert b"new" == result.body


def test_a_copy_without_an_etag_is_fetched_whole():
    resource = s3_resource("bucket", "key")
    bench = Bench(lambda asked: answer(b"new"), {resource: Object("bucket/key", {}, b"old")})

    assert b"new" == bench.fetch(resource)[resource].body
    assert "If-None-Match" not in bench.client.asked[0].headers


def test_a_304_that_nobody_asked_for_is_not_taken_for_an_empty_object():
    (result,) = Bench(lambda asked: (304, HEADERS, b"")).fetch(s3_resource("bucket", "key")).values()

    assert isinstance(result, SourceError)
    assert (502, True) == (result.status, result.transient)


@pytest.mark.parametrize("told", [{}, {"content-length": "4"}])
def test_a_file_needs_no_length_beforehand(tmp_path, told):
    """AWS always tells it; a compatible service may not."""
    bench = Bench(lambda asked: answer(**told), files=tmp_path)
    (found,) = bench.fetch(s3_resource("bucket", "a/b.csv")).values()

    assert [b"a,b\n"] == list(found.file.chunks())
    assert 1 == len(bench.asked)


def test_an_error_of_one_object_is_its_own():
    good, bad = s3_resource("bucket", "good"), s3_resource("bucket", "bad")
    outcomes = Bench(lambda asked: MISSING_KEY if asked.call.path == "/bad" else answer()).fetch(good, bad)

    assert (MISSING_KEY, b"a,b\n") == (outcomes[bad], outcomes[good].body)


@pytest.mark.parametrize("bucket", ["my-data--usw2-az1--x-s3", "access--usw2-az1--xa-s3"])
def test_a_bucket_that_is_not_supported_costs_the_others_nothing(bucket):
    good, bad = s3_resource("bucket", "good"), s3_resource(bucket, "key")

    outcomes = Bench(lambda asked: answer()).fetch(bad, good)

    assert b"a,b\n" == outcomes[good].body
    assert (400, False) == (outcomes[bad].status, outcomes[bad].transient)
    assert "directory buckets" in outcomes[bad].message


def test_a_custom_endpoint_is_asked_in_path_style():
    bench = Bench(lambda asked: answer(), endpoint_urls={"s3": "http://localhost:4566/base"})
    bench.fetch(s3_resource("bucket", "key"))

    assert [("localhost", "/base/bucket/key", "")] == bench.asked


# Wildcards


class Bucket:
    """ListObjectsV2 over some keys, with S3's url encoding; objects are their own keys."""

    def __init__(self, *keys, page=1000):
        self.keys = keys
        self.page = page

    def __call__(self, asked):
        if "list-type=2" not in asked.call.query:
            return answer(asked.call.path.encode())
        options = dict(pair.split("=") for pair in asked.call.query.split("&"))
        start = int(options.get("continuation-token", "0"))
        keys = [
            f"<Contents><Key>{escape(self.encoded(key))}</Key></Contents>"
            for key in self.keys[start : start + self.page]
        ]
        more = start + self.page < len(self.keys)
        token = f"<NextContinuationToken>{start + self.page}</NextContinuationToken>" if more else ""
        common = "<CommonPrefixes><Prefix>folded/</Prefix></CommonPrefixes>"
        document = f"<ListBucketResult><Prefix>a/</Prefix>{''.join(keys)}{common}{token}</ListBucketResult>"
        return 200, {}, document.encode()

    @staticmethod
    def encoded(key):
        return encode(key, "/").replace("%20", "+")


def wildcard(pattern="**", bucket="bucket", prefix="a/"):
    return listing_resource(s3_prefix(bucket, prefix), pattern)


@pytest.mark.parametrize(
    ("resource", "query"),
    [
        (wildcard("**"), "list-type=2&encoding-type=url&prefix=a%2F"),
        (wildcard("*"), "list-type=2&encoding-type=url&prefix=a%2F&delimiter=%2F"),
        (wildcard("**", prefix=""), "list-type=2&encoding-type=url&prefix="),
        (wildcard("*", prefix="ä b/"), "list-type=2&encoding-type=url&prefix=%C3%A4%20b%2F&delimiter=%2F"),
    ],
)
def test_a_listing_asks_for_one_level_or_all_as_the_wildcard_says(resource, query):
    bench = Bench(Bucket())
    outcomes = bench.fetch(resource)

    assert [("bucket.s3.us-east-1.amazonaws.com", "/", query)] == bench.asked
    assert () == outcomes[resource].members


def test_every_object_that_is_listed_is_fetched_and_folders_are_not():
    keys = ["a/1", "a/2 3", "a/b+c", "a/d/e", "a/ä&<", "a/%41"]
    outcomes = Bench(Bucket("a/", *keys, "a/empty-folder/")).fetch(wildcard())
    listing = outcomes.pop(wildcard())

    assert [s3_resource("bucket", key) for key in keys] == list(listing.members) == list(outcomes)
    assert ["/" + encode(key, "/") for key in keys] == [found.body.decode() for found in outcomes.values()]


@pytest.mark.parametrize(("page", "calls"), [(3, 4), (4, 3), (10, 1), (11, 1)])
def test_pages_are_followed(page, calls):
    bench = Bench(Bucket(*[f"a/{number}" for number in range(10)], page=page))
    outcomes = bench.fetch(wildcard())

    assert calls + 10 == len(bench.asked)
    assert (10, False) == (len(outcomes[wildcard()].members), outcomes[wildcard()].left_out)


@pytest.mark.parametrize(
    ("count", "members", "left_out"), [(9, 9, False), (10, 10, False), (11, 10, True), (30, 10, True)]
)
@pytest.mark.parametrize("page", [4, 10, 1000])
def test_beyond_the_bound_the_rest_is_left_out_and_that_is_said(page, count, members, left_out):
    bench = Bench(Bucket(*[f"a/{number}" for number in range(count)], page=page), most_names=10)
    outcomes = bench.fetch(wildcard())
    listing = outcomes.pop(wildcard())

    assert (members, left_out, members) == (len(listing.members), listing.left_out, len(outcomes))


def test_members_that_are_held_are_asked_for_conditionally():
    member = s3_resource("bucket", "a/1")
    bench = Bench(Bucket("a/1"), {member: held_object()})
    bench.fetch(wildcard())

    assert '"abc"' == bench.client.asked[1].headers["If-None-Match"]


@pytest.mark.parametrize("body", [b"", b"not xml", b"<ListBucketResult>", b"<!DOCTYPE x []><x/>"])
def test_a_listing_that_is_nonsense_is_a_transient_error(body):
    (result,) = Bench(lambda asked: (200, {}, body)).fetch(wildcard()).values()

    assert (502, True) == (result.status, result.transient)


def test_a_page_that_is_followed_by_itself_ends_as_an_error():
    page = b"<ListBucketResult><NextContinuationToken>again</NextContinuationToken></ListBucketResult>"
    answers = iter([(200, {}, page)] * 50)
    bench = Bench(lambda asked: next(answers))

    (result,) = bench.fetch(wildcard()).values()

    assert 2 == len(bench.asked)
    assert (502, True) == (result.status, result.transient)


def test_a_listing_that_was_cut_goes_on_with_the_page_that_comes_next():
    keys = [f"a/{number}" for number in range(5)]
    bucket = Bucket(*keys, page=2)
    failing = ["token=4"]
    bench = Bench(lambda asked: THROTTLED if [f for f in failing if f in asked.call.query] else bucket(asked))
    call = double(bench.source.plan([wildcard()])[0])
    delivered = []
    with pytest.raises(SourceError):
        call.run(Budget(5.0), lambda *outcome_: delivered.append(outcome_))
    failing.clear()

    objects = call.rest().run(Budget(5.0), lambda *outcome_: delivered.append(outcome_))

    ((resource, listing, sent),) = delivered
    assert (wildcard(), call.began) == (resource, sent)
    assert [f"bucket/{key}" for key in keys] == [member.name for member in listing.members]
    assert list(listing.members) == [get.resources[0] for get in objects]
    assert ["", "2", "4", "4"] == [query.partition("token=")[2].partition("&")[0] for _, _, query in bench.asked]


def test_what_it_needs_depends_on_what_is_read():
    source = Bench(None).source

    assert ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"] == [
        source.needs(resource)
        for resource in (s3_resource("bucket", "key"), s3_resource("bucket", "key", version="v1"), wildcard())
    ]
