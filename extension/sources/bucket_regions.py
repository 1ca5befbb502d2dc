"""In which region a bucket turned out to be, where that is another one than was asked.

S3 answers such a request with the bucket's region, and a client that asks there once more gets the object:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html. Of the answer the region alone is taken, never the
host that it names: whoever can forge an answer must not choose where the next signed request goes.
"""

from __future__ import annotations

import _thread

from extension.aws import xml
from extension.aws.endpoints import partition_of, valid_region

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.aws.call import Answer
    from extension.logs import Log

_STATUSES = (301, 302, 307)
_CODES = (
    "AuthorizationHeaderMalformed",  # signed for another region than the host's
    "IllegalLocationConstraintException",  # a region that must be opted into
    "PermanentRedirect",
    "TemporaryRedirect",  # a bucket younger than its DNS name
)


class BucketRegions:
    """What is known, for the life of the process. Thread-safe."""

    __slots__ = ("_lock", "_log", "_regions")

    def __init__(self, log: Log | None = None) -> None:
        self._regions: dict[str, str] = {}
        self._lock = _thread.allocate_lock()
        self._log = log

    def get(self, bucket: str) -> str:
        """The bucket's region; "" where nothing is known, and so it is where the settings say."""
        return self._regions.get(bucket, "")

    def learn(self, bucket: str, asked: str, answer: Answer, code: str) -> str:
        """The region to ask instead of ``asked``, from an error answer; "" where it names none that it could be."""
        if answer.status not in _STATUSES and code not in _CODES:
            return ""
        region = answer.headers.get("x-amz-bucket-region") or _in_document(answer.body)
        if region == asked or not valid_region(region) or partition_of(region) != partition_of(asked):
            return ""
        with self._lock:
            news = self._regions.get(bucket) != region
            self._regions[bucket] = region
        if news and self._log is not None:
            self._log.warn(
                "s3.other_region",
                bucket=bucket,
                region=region,
                problem=f"the bucket is not in {asked}: a redirect costs every environment a call; say region={region}",
            )
        return region


def _in_document(body: bytes) -> str:
    try:
        return dict(xml.leaves(body)).get("Region", "")
    except ValueError:
        return ""
