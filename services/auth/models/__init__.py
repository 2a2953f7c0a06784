"""The tables of auth, one module a noun. Names that the apps give (`users`, `user_profiles`, `user_sessions`, `admin_config`,
`onboarding_responses`, `account_deletion_requests`) are kept.
"""

from services.auth.models.accounts import NOWHERE, EmailChange, OnboardingResponse, User, UserProfile, receives_no_mail, role_of
from services.auth.models.administration import AdminConfig, AuditEvent
from services.auth.models.base import Base
from services.auth.models.identities import ForeignToken, Identity
from services.auth.models.keys import KeyState, SigningKey
from services.auth.models.leaving import AccountDeletionRequest, AccountExport, Acknowledgement
from services.auth.models.secrets import OneTimeToken, PlayerCredential, RecoveryCode, SecondFactor
from services.auth.models.sign_ins import KnownPlace, Revocation, UserSession

__all__ = [
    "NOWHERE",
    "AccountDeletionRequest",
    "AccountExport",
    "Acknowledgement",
    "AdminConfig",
    "AuditEvent",
    "Base",
    "EmailChange",
    "ForeignToken",
    "Identity",
    "KeyState",
    "KnownPlace",
    "OnboardingResponse",
    "OneTimeToken",
    "PlayerCredential",
    "RecoveryCode",
    "Revocation",
    "SecondFactor",
    "SigningKey",
    "User",
    "UserProfile",
    "UserSession",
    "receives_no_mail",
    "role_of",
]
