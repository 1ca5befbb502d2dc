"""Where an object lies, against botocore's clients and rules."""

import itertools
import random
import re
import urllib.parse

import pytest

from extension.aws import endpoints
from tests.unit.aws.botocore_oracle import REGIONS, VARIANTS, Client, by_botocore, by_us

SEED = 20150830


def test_s3_in_us_east_1_is_the_regional_host_while_boto3_still_defaults_to_the_global_one():
    ours = endpoints.s3_location(endpoints.resolve("s3", "us-east-1"), "bucket", "key")[1:]
    for setting, differs in (("legacy", True), ("regional", False)):
        client = Client("s3", "us-east-1", s3={"us_east_1_regional_endpoint": setting})
        client.botocore.get_object(Bucket="bucket", Key="key")
        assert (client.location() != ours) is differs
    assert ours == ("bucket.s3.us-east-1.amazonaws.com", "/key")


BUCKETS = ["abc", "my-bucket", "0123", "a--b", "x-s3alias", "a" * 63, "short--op-s3", "lambda--ol-s3"]
BUCKETS += ["ab", "a", "-abc", "abc-", "my.bucket", "a..b", "127.0.0.1", "Bucket", "a_b", "a" * 64, "xn--p1ai"]
KEYS = [
    "k",
    "a/b.csv",
    "/a",
    "//a",
    "a//b",
    "a/",
    "/",
    ".",
    "..",
    "./a",
    "../a",
    "a/../b",
    "a/./b",
    "a b",
    " a ",
    "a+b",
]
KEYS += ["%", "%2F", "a%20b", "ü/€/😀", "e\u0301", "*~'()!", "?q=1", "#f", "&=;,:@$", '"<>`{}|^', "a\\b", "a\nb\tc\r"]
KEYS += ["\x00\x7f\x85\u2028"]


@pytest.mark.parametrize("url", [None, "http://localhost:4566", "https://[::1]:8443/base/", "http://h//x/"])
def test_objects_lie_where_boto3_looks_for_them(url):
    """Host and path, over every kind of bucket name and key."""
    client = Client("s3", "eu-west-1", url)
    endpoint = endpoints.resolve("s3", "eu-west-1", override=url)
    for bucket, key in itertools.product(BUCKETS, KEYS):
        client.botocore.head_object(Bucket=bucket, Key=key)
        connect, *location = endpoints.s3_location(endpoint, bucket, key)
        assert tuple(location) == client.location(), (bucket, key)
        assert connect == urllib.parse.urlsplit(client.url).hostname, (bucket, key)


@pytest.mark.parametrize("url", [None, "http://localhost:4566/base"])
def test_without_a_key_the_location_is_the_bucket(url):
    client = Client("s3", "eu-west-1", url)
    endpoint = endpoints.resolve("s3", "eu-west-1", override=url)
    for bucket in BUCKETS:
        client.botocore.list_objects_v2(Bucket=bucket)
        assert endpoints.s3_location(endpoint, bucket, "")[1:] == client.location()


def test_random_buckets_are_addressed_as_botocores_rules_say():
    """In every partition, with and without FIPS and dual stack."""
    chance = random.Random(SEED)
    for number in range(1500):
        bucket = "".join(chance.choices("ab9-.A_", [9, 9, 9, 4, 1, 0.5, 0.5], k=chance.randrange(1, 70)))
        if bucket in (".", ".."):
            continue
        region = chance.choice(REGIONS)
        fips, dualstack = chance.choice(VARIANTS)
        theirs = by_botocore("s3", region, fips, dualstack, Bucket=bucket)
        endpoint = by_us("s3", region, fips, dualstack)
        label = f"seed {SEED}, bucket {number}: {bucket} {region} {fips} {dualstack}"
        assert (endpoint is None) == (theirs is None), label
        if endpoint:
            _, host, path = endpoints.s3_location(endpoint, bucket, "")
            assert f"https://{host}{path}".rstrip("/") == theirs.url, label


@pytest.mark.parametrize(
    "bucket",
    [
        *("", ".", "..", "a/b", "a b", "a%2Fb", "a?b", "a#b", "a:b", "a@b", "a\n", "é", "a" * 256, "../x", "a\x00"),
        *("arn:aws:s3:us-west-2:123456789012:accesspoint/name", "s3://bucket"),
    ],
)
def test_what_cannot_be_a_bucket_is_refused(bucket):
    for override in (None, "http://localhost:4566"):
        with pytest.raises(ValueError, match="not a bucket's name"):
            endpoints.s3_location(endpoints.resolve("s3", "eu-west-1", override=override), bucket, "key")


@pytest.mark.parametrize(
    "bucket",
    ["b--use1-az4--x-s3", "b--use1-az4--xa-s3", "test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3"],
)
def test_buckets_that_need_other_hosts_are_refused(bucket):
    """Directory buckets and Outposts: botocore's rules send them elsewhere than S3's ordinary hosts."""
    theirs = by_botocore("s3", "us-east-1", False, False, Bucket=bucket)
    assert re.search(r"s3express|s3-outposts", theirs.url)
    with pytest.raises(ValueError, match="are not supported"):
        endpoints.s3_location(endpoints.resolve("s3", "us-east-1"), bucket, "key")


def test_a_key_without_a_utf8_form_is_refused():
    with pytest.raises(ValueError, match="surrogates not allowed"):
        endpoints.s3_location(endpoints.resolve("s3", "eu-west-1"), "bucket", "\udcff")
