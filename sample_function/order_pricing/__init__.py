"""A small order-pricing service: `POST /quotes` says what an order costs.

Three things it needs are not in its code, and so are read through Preheat: the credential of its database (a secret),
a feature flag (a parameter) and the price table (an S3 object).
"""
