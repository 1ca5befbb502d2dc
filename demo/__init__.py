"""`make demo`: the sample function's cold start with Preheat, beside the same function with boto3, on a terminal."""
