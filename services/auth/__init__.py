"""Accounts: who somebody is, how they prove it, and what the other services may believe about it.

Owns users and their profiles, every way in (passwords, links, codes, other providers, players) and the sign-ins they begin, the
signing keys (JWKS), revocations, all mail, administration and the audit log, leaving, and the page at `/docs`.
Everything else about a person is left to the service whose domain it is; they know people by id alone, from access tokens
that each of them verifies itself, and ask here for keys, revocations and the bearers of other issuers.
"""

INTERFACE = "wsgi"
