"""What a wildcard stands for, as a resource and as a value."""

import pytest

from extension.references import parameter_path, parameter_resource, s3_prefix, s3_resource, secret_resource
from extension.sources.listing import MOST_NAMES, Listing, listing_resource, pattern_of


@pytest.mark.parametrize("pattern", ["*", "**"])
@pytest.mark.parametrize(
    "place", [parameter_path("/app/"), parameter_path("/"), s3_prefix("bucket", ""), s3_prefix("bucket", "a/")]
)
def test_a_wildcard_is_told_from_its_place_and_from_the_other_wildcard(place, pattern):
    wildcard = listing_resource(place, pattern)

    assert pattern == pattern_of(wildcard)
    assert "" == pattern_of(place)
    assert wildcard != place
    assert wildcard != listing_resource(place, "**" if pattern == "*" else "*")
    assert (place.name, place.decrypt) == (wildcard.name, wildcard.decrypt)


@pytest.mark.parametrize(
    "resource",
    [
        s3_resource("bucket", "key", version="*"),
        s3_resource("bucket", "folder/", version="v1"),
        secret_resource("name", stage="*"),
        parameter_resource("/app/x", version="3"),
    ],
)
def test_what_only_looks_like_one_is_none(resource):
    assert "" == pattern_of(resource)


def test_a_listing_holds_its_members_and_says_if_there_were_more():
    members = [s3_resource("bucket", "a"), s3_resource("bucket", "b")]
    listing = Listing(members, True)

    assert (tuple(members), True) == (listing.members, listing.left_out)
    members.clear()
    assert 2 == len(listing.members)
    assert 1000 == MOST_NAMES


def test_a_listing_counts_for_memory_by_its_members():
    assert 0 == Listing([], False).size < Listing([s3_resource("bucket", "a")], False).size
