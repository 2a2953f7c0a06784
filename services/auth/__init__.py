"""Accounts: who somebody is, how they prove it, and what the other services may believe about it.

Owns users and their profiles, sign-ins with their tokens, the signing keys (JWKS), revocations, and the page at `/docs`.
Everything else about a person is left to the service whose domain it is; they know people by id alone, from access tokens
that each of them verifies itself, and ask here only for keys and revocations.
"""

INTERFACE = "wsgi"
