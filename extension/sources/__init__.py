"""The AWS services behind the cache, one module each: batching, paging, fallback to single calls, error mapping."""
